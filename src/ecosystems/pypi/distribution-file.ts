/** Names of distribution files: what they say, and which names can be one (the binary and source distribution formats). */

import { normalizeName } from './project-name.ts'

export interface DistributionFile {
  readonly kind: 'wheel' | 'sdist' | 'other'
  /** As it is written in the name; undefined where the name does not say it plainly. */
  readonly version: string | undefined
  /** Of a wheel: each may hold several, joined by dots. */
  readonly tags: { readonly python: string; readonly abi: string; readonly platform: string } | undefined
}

const extensions =
  /\.(?:whl|tar\.gz|zip|tar\.bz2|tgz|tar\.xz|tar\.Z|tar\.lzma|tar\.zst|tar|tbz2?|txz|egg|exe|msi|rpm|deb|dmg)$/i

const sdistExtension = /\.(?:tar\.gz|zip|tar\.bz2|tgz|tar\.xz|tar\.Z|tar)$/i

/** Longer names are refused, in UTF-16 units. */
export const MAX_FILE_NAME_LENGTH = 300

/** Whether a file may bear this name: one path element, without what could be read as anything else. */
export function isFileName(name: string): boolean {
  if (name === '' || name.length > MAX_FILE_NAME_LENGTH || name.startsWith('.')) return false
  return name.isWellFormed() && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}/\\?#]/u.test(name)
}

/** Whether the name has an extension of packages. */
export function isDistributionName(name: string): boolean {
  return extensions.test(name)
}

/** What a name says about its file. `project` is the normalised name that it should begin with. */
export function parseDistribution(name: string, project: string): DistributionFile {
  if (/\.whl$/i.test(name)) {
    const parts = name.slice(0, -4).split('-')
    const [python, abi, platform] = parts.slice(-3)
    if (parts.length < 5 || parts.length > 6 || !python || !abi || !platform) {
      return { kind: 'wheel', version: undefined, tags: undefined }
    }
    return { kind: 'wheel', version: parts[1], tags: { python, abi, platform } }
  }
  if (sdistExtension.test(name)) {
    return { kind: 'sdist', version: sdistVersion(name, project), tags: undefined }
  }
  return { kind: 'other', version: undefined, tags: undefined }
}

/** What follows the project's name. Old source distributions have hyphens in the name, so the name decides. */
function sdistVersion(name: string, project: string): string | undefined {
  const stem = name.replace(sdistExtension, '')
  for (let at = stem.indexOf('-'); at > 0; at = stem.indexOf('-', at + 1)) {
    if (normalizeName(stem.slice(0, at)) !== project) continue
    const version = stem.slice(at + 1)
    return /^v?[0-9]/i.test(version) ? version : undefined
  }
  return undefined
}
