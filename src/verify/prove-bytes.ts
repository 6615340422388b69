import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Artifact, Expected } from './client-run.ts'
import type { Proof } from './judge-run.ts'

/** Whether the bytes that the client got are the right ones. `fetch` gets a body; it may throw. */
export async function proveBytes(
  artifact: Artifact | undefined,
  expected: readonly Expected[],
  fetch: (url: string) => Promise<Uint8Array>,
): Promise<Proof> {
  if (artifact === undefined) return { state: 'unknown', text: 'there are no bytes to look at' }
  let actual: (kind: string) => string
  try {
    actual = await hasher(artifact, fetch)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { state: 'unknown', text: `the bytes could not be read: ${reason}` }
  }
  const known = expected.filter(({ hashes: [first = ''] }) => actual(kindOf(first)) !== '')
  const wrong = known.find(({ hashes }) => !hashes.includes(actual(kindOf(hashes[0] ?? ''))))
  if (wrong !== undefined) {
    const got = actual(kindOf(wrong.hashes[0] ?? ''))
    return { state: 'bad', text: `wrong bytes: ${got}, where ${wrong.by} says ${wrong.hashes[0]}` }
  }
  const [first] = known
  if (first === undefined) return { state: 'unknown', text: 'nobody was there to say which bytes are right' }
  const hash = actual(kindOf(first.hashes[0] ?? ''))
  const by = [...new Set(known.map((one) => one.by))]
  return { state: 'good', text: `${hash}, as ${by.join(' and ')} ${by.length > 1 ? 'have' : 'has'} it` }
}

async function hasher(
  artifact: Artifact,
  fetch: (url: string) => Promise<Uint8Array>,
): Promise<(kind: string) => string> {
  if (artifact.kind === 'hash') return (kind) => (kind === kindOf(artifact.hash) ? artifact.hash : '')
  const bytes = artifact.kind === 'file' ? await readFile(artifact.path) : await fetch(artifact.url)
  return (kind) => {
    if (kind === 'sha256:') return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
    const [, algorithm] = /^(sha1|sha256|sha384|sha512)-$/.exec(kind) ?? []
    return algorithm === undefined ? '' : `${kind}${createHash(algorithm).update(bytes).digest('base64')}`
  }
}

/** `h1:`, `sha256:`, `sha512-`. */
function kindOf(hash: string): string {
  return /^\w+[:-]/.exec(hash)?.[0] ?? ''
}
