import { createCipheriv, createHash } from 'node:crypto'
import { writeZip, type ZipEntry } from './zip-writer.ts'

export interface SyntheticSpec {
  readonly path: string
  readonly version: string
  /** Of the zip, about: a few hundred bytes of headers and of `go.mod` are added. Default 2,000. */
  readonly sizeBytes?: number
  /** How many source files share these bytes. Default 1. */
  readonly files?: number
  /** Pairs of module path and version for the `require` block. */
  readonly requires?: readonly (readonly [path: string, version: string])[]
  /** For `.info`. Default: a fixed day. */
  readonly time?: string
}

/** One version of a module as a GOPROXY holds it. Equal specs give equal bytes. */
export interface SyntheticModule {
  readonly path: string
  readonly version: string
  readonly info: Uint8Array
  readonly mod: Uint8Array
  readonly zip: Uint8Array
  /** The zip's hash as go.sum writes it: `h1:…`. */
  readonly zipSum: string
  /** The go.mod's hash as go.sum writes it behind `/go.mod`. */
  readonly modSum: string
}

export function makeModule(spec: SyntheticSpec): SyntheticModule {
  const { path, version } = spec
  const requires = (spec.requires ?? []).map(([name, v]) => `\t${name} ${v}\n`)
  const mod = Buffer.from(
    `module ${path}\n\ngo 1.20\n${requires.length > 0 ? `\nrequire (\n${requires.join('')})\n` : ''}`,
  )
  const fileCount = spec.files ?? 1
  const bytesEach = Math.ceil((spec.sizeBytes ?? 2000) / fileCount)
  const prefix = `${path}@${version}/`
  const entries: ZipEntry[] = [{ name: `${prefix}go.mod`, bytes: mod, method: 'stored' }]
  for (let index = 0; index < fileCount; index++) {
    entries.push({
      name: `${prefix}data${String(index).padStart(4, '0')}.bin`,
      bytes: noise(`${prefix}${index}`, bytesEach),
      method: 'stored',
    })
  }
  entries.push({ name: `${prefix}lib.go`, bytes: Buffer.from('package lib\n') })
  return {
    path,
    version,
    info: Buffer.from(JSON.stringify({ Version: version, Time: spec.time ?? '2025-01-02T03:04:05Z' })),
    mod,
    zip: writeZip(entries),
    zipSum: h1(entries),
    modSum: h1([{ name: 'go.mod', bytes: mod }]),
  }
}

/** golang.org/x/mod/sumdb/dirhash.Hash1 over named bytes. */
export function h1(entries: readonly { readonly name: string; readonly bytes: Uint8Array }[]): string {
  const sorted = entries
    .map(({ name, bytes }) => ({ key: Buffer.from(name, 'utf8'), bytes }))
    .sort((a, b) => Buffer.compare(a.key, b.key))
  const whole = createHash('sha256')
  for (const { key, bytes } of sorted) {
    whole
      .update(`${createHash('sha256').update(bytes).digest('hex')}  `)
      .update(key)
      .update('\n')
  }
  return `h1:${whole.digest('base64')}`
}

/** A module path or version as it stands in a GOPROXY address: `!a` for each upper-case `A`. */
export function escapeName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `!${letter.toLowerCase()}`)
}

/** The address of one file of a version below a GOPROXY, without a leading slash. */
export function modulePath(path: string, version: string, kind: 'info' | 'mod' | 'zip'): string {
  return `${escapeName(path)}/@v/${escapeName(version)}.${kind}`
}

/** Bytes that do not compress and are the same for the same seed: a cipher's key stream, as fast as memory. */
export function noise(seed: string, sizeBytes: number): Uint8Array {
  const key = createHash('sha256').update(seed).digest()
  const cipher = createCipheriv('aes-128-ctr', key.subarray(0, 16), key.subarray(16))
  return cipher.update(new Uint8Array(sizeBytes))
}
