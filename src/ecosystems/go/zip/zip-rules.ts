import type { ZipEntry } from './central-directory.ts'
import { simpleFold } from './simple-fold.ts'

/** Of a module zip, and of the sum of what it unpacks to (golang.org/x/mod/zip MaxZipFile). */
export const MAX_ZIP_BYTES = 500 * 1024 * 1024
/** Of `go.mod` and of `LICENSE` in the root (MaxGoMod, MaxLICENSE). */
export const MAX_ROOT_FILE_BYTES = 16 * 1024 * 1024

/**
 * The rules of golang.org/x/mod/zip CheckZip for the names and declared sizes of a module zip; gives the first
 * breach in a sentence, or undefined. Module and version are well-formed.
 */
export function findZipBreach(
  entries: readonly ZipEntry[],
  module: string,
  version: string,
): string | undefined {
  const prefix = `${module}@${version}/`
  const collisions = new Collisions()
  let totalBytes = 0
  for (const { name: fullName, sizeBytes } of entries) {
    if (!fullName.startsWith(prefix)) return `${quote(fullName)} does not begin with ${prefix}`
    const inner = fullName.slice(prefix.length)
    if (inner === '') continue
    const isDirectory = inner.endsWith('/')
    const name = isDirectory ? inner.slice(0, -1) : inner
    const breach = findNameBreach(name) ?? collisions.add(name, isDirectory)
    if (breach !== undefined) return `${quote(inner)}: ${breach}`
    if (isDirectory) continue
    const base = name.slice(name.lastIndexOf('/') + 1)
    if (base.toLowerCase() === 'go.mod' && name !== 'go.mod') {
      return base === name
        ? `${quote(name)}: go.mod must be written in lower case`
        : `${quote(name)}: go.mod may only lie in the root`
    }
    totalBytes += sizeBytes
    if (totalBytes > MAX_ZIP_BYTES) return `it unpacks to more than ${MAX_ZIP_BYTES} bytes`
    if ((name === 'go.mod' || name === 'LICENSE') && sizeBytes > MAX_ROOT_FILE_BYTES) {
      return `${name} is larger than ${MAX_ROOT_FILE_BYTES} bytes`
    }
  }
  return undefined
}

const WINDOWS_DEVICE = /^(?:con|prn|aux|nul|com[1-9]|lpt[1-9])$/i
const NAME_CHARS = /^[\p{L}0-9!#$%&()+,\-.=@[\]^_{}~ ]*$/u

/** The rules of golang.org/x/mod/module CheckFilePath; a breach in words, or undefined. */
export function findNameBreach(path: string): string | undefined {
  for (const element of path.split('/')) {
    if (element === '') return 'the path has an empty element'
    if (/^\.+$/.test(element)) return 'the path has an element of dots only'
    if (element.endsWith('.')) return 'an element of the path ends in a dot'
    if (!NAME_CHARS.test(element)) {
      return 'the path has a character that module zips may not use'
    }
    const dot = element.indexOf('.')
    const stem = dot < 0 ? element : element.slice(0, dot)
    if (WINDOWS_DEVICE.test(stem)) return `${stem} is a device on Windows`
  }
  return undefined
}

/** Finds names that meet on a file system that does not tell upper from lower case. */
class Collisions {
  readonly #seen = new Map<string, { readonly path: string; readonly isDirectory: boolean }>()
  readonly #directories = new Set<string>()

  add(path: string, isDirectory: boolean): string | undefined {
    // A directory that was added before brought its parents with it.
    if (isDirectory && this.#directories.has(path)) return undefined
    const folded = simpleFold(path)
    const other = this.#seen.get(folded)
    if (other === undefined) {
      this.#seen.set(folded, { path, isDirectory })
      if (isDirectory) this.#directories.add(path)
    } else {
      if (other.path !== path) return `it differs from ${quote(other.path)} in upper and lower case only`
      if (other.isDirectory !== isDirectory) return 'it is both a file and a directory'
      if (!isDirectory) return 'it is there twice'
    }
    const slash = path.lastIndexOf('/')
    return slash < 0 ? undefined : this.add(path.slice(0, slash), true)
  }
}

function quote(name: string): string {
  return JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}…` : name)
}
