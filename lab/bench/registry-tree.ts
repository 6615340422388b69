import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { noise } from '../synthetic-modules.ts'
import { writeZip } from '../zip-writer.ts'
import { SIMPLE_JSON } from './pypi-page-maker.ts'
import type { RegistryBody, RegistryContent } from './registry-upstream.ts'

/** A made-up project and the registry that holds what it needs. */
export interface NpmTree {
  readonly content: RegistryContent
  /** The files of the project, its lock with `base` as the registry's address. */
  readonly project: (base: string) => Readonly<Record<string, string>>
}

export interface PypiTree {
  readonly content: RegistryContent
  readonly project: Readonly<Record<string, string>>
  /** How many projects the longest chain has of which each is only known from the one before. */
  readonly levels: number
}

const ABBREVIATED = 'application/vnd.npm.install-v1+json'
const VERSIONS = 30
/** Direct dependencies of the project; every other package has a parent among those before it. */
const DIRECT = 40

interface Node {
  readonly name: string
  readonly needs: readonly number[]
}

/** A tree as deep as those of real projects: about eight levels for 500. Equal arguments give equal trees. */
function treeOf(count: number, direct: number): readonly Node[] {
  const needs = Array.from({ length: count }, (): number[] => [])
  for (let at = direct; at < count; at++) {
    const draw = noise(`parents ${at}`, 4)
    for (const [byte, chance] of [[draw[0], 256] as const, [draw[1], 96] as const]) {
      if ((draw[2] ?? 0) < chance) needs[Math.floor(((byte ?? 0) / 256) * at)]?.push(at)
    }
  }
  return needs.map((list, at) => ({ name: `part${at}`, needs: [...new Set(list)] }))
}

function levelsOf(nodes: readonly Node[]): number {
  // A parent stands before its children.
  const levels = nodes.map(() => 1)
  for (const [at, { needs }] of nodes.entries()) {
    for (const child of needs) levels[child] = Math.max(levels[child] ?? 1, (levels[at] ?? 1) + 1)
  }
  return Math.max(...levels)
}

/** `count` packages of some versions each; `url` is the registry's own address. */
export function makeNpmTree(count: number, url: string): NpmTree {
  const nodes = treeOf(count, DIRECT)
  const bodies = new Map<string, RegistryBody>()
  const abbreviated = new Map<string, RegistryBody>()
  const locked: Record<string, unknown> = {}
  const version = `1.${VERSIONS - 1}.0`
  const requires = (list: readonly number[]) => Object.fromEntries(list.map((at) => [`part${at}`, '^1.0.0']))
  for (const { name, needs } of nodes) {
    const dependencies = requires(needs)
    const tarball = tarballOf(name, version, dependencies)
    const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`
    const versions: Record<string, unknown> = {}
    for (let minor = 0; minor < VERSIONS; minor++) {
      const each = `1.${minor}.0`
      // Only the newest one can be fetched.
      const sum =
        each === version ? integrity : `sha512-${Buffer.from(noise(`${name}${each}`, 64)).toString('base64')}`
      const dist = { integrity: sum, tarball: `${url}/${name}/-/${name}-${each}.tgz` }
      versions[each] = { name, version: each, dependencies, dist }
    }
    const packument = { name, 'dist-tags': { latest: version }, versions }
    abbreviated.set(name, jsonBody(ABBREVIATED, { ...packument, modified: '2024-01-02T03:04:05.678Z' }))
    bodies.set(name, jsonBody('application/json', { _id: name, ...packument, readme: 'r'.repeat(2_000) }))
    const place = `${name}/-/${name}-${version}.tgz`
    bodies.set(place, { mediaType: 'application/octet-stream', bytes: tarball, compresses: false })
    locked[name] = { version, place, integrity, dependencies }
  }
  const direct = requires(nodes.slice(0, DIRECT).map((_, at) => at))
  return {
    content: (path, accept) =>
      (accept.includes(ABBREVIATED) ? abbreviated.get(path) : undefined) ?? bodies.get(path),
    project: (base) => npmProject(direct, locked as Record<string, Locked>, base),
  }
}

interface Locked {
  readonly version: string
  readonly place: string
  readonly integrity: string
  readonly dependencies: Readonly<Record<string, string>>
}

function npmProject(
  dependencies: Readonly<Record<string, string>>,
  locked: Readonly<Record<string, Locked>>,
  base: string,
): Record<string, string> {
  const manifest = { name: 'project', version: '1.0.0', private: true, dependencies }
  const packages: Record<string, unknown> = { '': manifest }
  for (const [name, { version, place, integrity, dependencies: below }] of Object.entries(locked)) {
    packages[`node_modules/${name}`] = {
      version,
      resolved: `${base}/${place}`,
      integrity,
      dependencies: below,
    }
  }
  const lock = { name: 'project', version: '1.0.0', lockfileVersion: 3, requires: true, packages }
  return { 'package.json': JSON.stringify(manifest), 'package-lock.json': JSON.stringify(lock) }
}

/** `count` projects, each with a wheel for any machine and its metadata beside it; `url` is the index's host. */
export function makePypiTree(count: number, url: string): PypiTree {
  const nodes = treeOf(count, 8)
  const bodies = new Map<string, RegistryBody>()
  for (const { name, needs } of nodes) {
    const files: unknown[] = []
    for (let minor = 0; minor < VERSIONS; minor++) {
      const version = `1.${minor}`
      const filename = `${name}-${version}-py3-none-any.whl`
      const metadata = Buffer.from(
        [
          'Metadata-Version: 2.1',
          `Name: ${name}`,
          `Version: ${version}`,
          ...needs.map((at) => `Requires-Dist: part${at}>=1.0`),
          '',
        ].join('\n'),
      )
      const isNewest = minor === VERSIONS - 1
      const wheel = isNewest ? wheelOf(name, version, metadata) : undefined
      const sha256 = createHash('sha256')
        .update(wheel ?? filename)
        .digest('hex')
      const place = `packages/${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256.slice(4)}/${filename}`
      files.push({
        filename,
        url: `${url}/${place}`,
        hashes: { sha256 },
        'requires-python': '>=3.8',
        'core-metadata': { sha256: createHash('sha256').update(metadata).digest('hex') },
        'upload-time': '2024-05-06T07:08:09.123456Z',
        ...(wheel === undefined ? {} : { size: wheel.length }),
      })
      bodies.set(`${place}.metadata`, { mediaType: 'text/plain', bytes: metadata, compresses: true })
      if (wheel !== undefined) {
        bodies.set(place, { mediaType: 'application/octet-stream', bytes: wheel, compresses: false })
      }
    }
    bodies.set(`simple/${name}/`, jsonBody(SIMPLE_JSON, { meta: { 'api-version': '1.1' }, name, files }))
  }
  const dependencies = nodes.slice(0, 8).map(({ name }) => name)
  return {
    content: (path) => bodies.get(path),
    levels: levelsOf(nodes),
    project: {
      'pyproject.toml': [
        '[project]',
        'name = "project"',
        'version = "1.0.0"',
        'requires-python = ">=3.8"',
        `dependencies = ${JSON.stringify(dependencies)}`,
        '',
      ].join('\n'),
    },
  }
}

function jsonBody(mediaType: string, value: unknown): RegistryBody {
  return { mediaType, bytes: Buffer.from(JSON.stringify(value)), compresses: true }
}

/** 5 to 105 kB. */
const sizeOf = (name: string) => 5_000 + Math.round((Bun.hash.crc32(name) / 2 ** 32) * 100_000)

function tarballOf(
  name: string,
  version: string,
  dependencies: Readonly<Record<string, string>>,
): Uint8Array {
  const files = {
    'package/package.json': Buffer.from(JSON.stringify({ name, version, dependencies })),
    'package/data.bin': noise(name, sizeOf(name)),
  }
  const parts: Uint8Array[] = []
  for (const [path, bytes] of Object.entries(files)) {
    parts.push(tarHeader(path, bytes.length), bytes, Buffer.alloc(-bytes.length & 511))
  }
  return gzipSync(Buffer.concat([...parts, Buffer.alloc(1024)]), { level: 1 })
}

/** POSIX ustar. */
function tarHeader(path: string, sizeBytes: number): Buffer {
  const header = Buffer.alloc(512)
  header.write(path, 0)
  header.write('0000644\0', 100)
  header.write('0000000\0', 108)
  header.write('0000000\0', 116)
  header.write(`${sizeBytes.toString(8).padStart(11, '0')}\0`, 124)
  header.write('14710151515\0', 136)
  header.write('        ', 148)
  header.write('0', 156)
  header.write('ustar\x0000', 257)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return header
}

function wheelOf(name: string, version: string, metadata: Uint8Array): Uint8Array {
  const info = `${name}-${version}.dist-info`
  const files = {
    [`${name}/__init__.py`]: Buffer.from(`version = '${version}'\n`),
    [`${name}/data.bin`]: Buffer.from(noise(name, 20 * sizeOf(name))),
    [`${info}/METADATA`]: metadata,
    [`${info}/WHEEL`]: Buffer.from('Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n'),
  }
  const record = Object.entries(files).map(
    ([path, bytes]) =>
      `${path},sha256=${createHash('sha256').update(bytes).digest('base64url')},${bytes.length}\n`,
  )
  const all = { ...files, [`${info}/RECORD`]: Buffer.from(`${record.join('')}${info}/RECORD,,\n`) }
  return writeZip(Object.entries(all).map(([path, bytes]) => ({ name: path, bytes, method: 'stored' })))
}
