import { randomBytes } from 'node:crypto'

const BEGINNING = 'posthaste-verify-'
const FORM = /posthaste-verify-[0-9a-f]{16}/

/** A word that is used once: `posthaste-verify-0123456789abcdef`. Lower case, so that it may stand as a package's name. */
export function newMarker(bytes: Uint8Array = randomBytes(8)): string {
  return `${BEGINNING}${Buffer.from(bytes).toString('hex').padStart(16, '0').slice(0, 16)}`
}

/**
 * The marker as a Go module path. No such module can exist: Go refuses a path of that host with two elements by
 * itself, so that neither `direct` nor a proxy asks a third host about it (cmd/go/internal/vcs, vcsPaths).
 */
export function markerModule(marker: string): string {
  return `github.com/${marker}`
}

export function isMarker(text: string): boolean {
  return FORM.exec(text)?.[0] === text
}

/** True for the name of a package that only `verify` asks for. */
export function isMarkerName(name: string): boolean {
  // Every request comes by here.
  return name.includes(BEGINNING) && isMarker(name.replace(/^github\.com\//, ''))
}

/** True for a request's path that holds a marker. */
export function holdsMarker(path: string): boolean {
  return FORM.test(path)
}
