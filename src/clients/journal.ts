import { createHash, randomUUID } from 'node:crypto'
import { link, mkdir, open, readdir, readFile, rename, rm, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { VERSION } from '../version.ts'
import type { Client, ClientId } from './client.ts'
import { isMissing } from './replace-file.ts'

/** One change of one file, with all that takes it back. */
export interface JournalEntry {
  /** Sorts by time. */
  readonly id: string
  readonly client: ClientId | 'locks'
  /** ISO 8601. */
  readonly at: string
  readonly path: string
  /** The file itself, where `path` is a link. */
  readonly realPath: string
  readonly keys: readonly string[]
  /** Undefined when there was no file. */
  readonly before: Uint8Array | undefined
  readonly after: Uint8Array
  /** Permission bits before; undefined when there was no file. */
  readonly mode: number | undefined
  /** Clients whose former address is kept for as long as this change stands. */
  readonly formerOf: readonly ClientId[]
  /** The address that was written; undefined for lock files. */
  readonly address: string | undefined
  /** Folders that had to be made, outermost first. */
  readonly folders: readonly string[]
}

/** Something that could not be read in the journal; everything else can be taken back all the same. */
export interface Unreadable {
  readonly file: string
  readonly reason: string
}

/**
 * `<data>/journal/`: `setup/<id>.json` for each change, and `<client>.json` (Go: `go-env.json`) with the address
 * that was set before, which the server takes for its upstream in its own place.
 */
export class Journal {
  readonly #root: string
  readonly #entries: string

  /** The folder of the changes, for messages. */
  get folder(): string {
    return this.#entries
  }

  readonly #link: (from: string, to: string) => Promise<void>

  /** `makeLink` is for tests. */
  constructor(data: string, makeLink: (from: string, to: string) => Promise<void> = link) {
    this.#link = makeLink
    this.#root = join(data, 'journal')
    this.#entries = join(this.#root, 'setup')
  }

  /** To be called before the file is written: what was written without an entry could not be taken back. */
  async add(entry: Omit<JournalEntry, 'id' | 'at'>, nowMs: number): Promise<JournalEntry> {
    const dated = { ...entry, at: new Date(nowMs).toISOString() }
    const id = await this.#write(stored(dated), (temporary) => this.#number(temporary, entry.client))
    return { ...dated, id }
  }

  /** Gives a file the next number that no other run of setup takes at the same time. */
  async #number(file: string, client: JournalEntry['client']): Promise<string> {
    const known = (await this.#names()).map((name) => Number.parseInt(name, 10))
    for (let number = Math.max(0, ...known.filter(Number.isFinite)) + 1; ; number++) {
      const id = `${String(number).padStart(6, '0')}-${client}`
      try {
        await this.#link(file, this.#entryFile({ id }))
        return id
      } catch (error) {
        if (hasCode(error, 'EEXIST')) continue
        // FAT and some network disks know no links; there two runs at once are not told apart.
        if (!hasCode(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS')) throw error
        await rename(file, this.#entryFile({ id }))
        return id
      }
    }
  }

  /** Writes an entry anew, under its own number. */
  async replace(entry: JournalEntry): Promise<void> {
    await this.#write(stored(entry), (temporary) => rename(temporary, this.#entryFile(entry)))
  }

  /** Newest first. */
  async entries(): Promise<{
    readonly entries: readonly JournalEntry[]
    readonly unreadable: readonly Unreadable[]
  }> {
    const entries: JournalEntry[] = []
    const unreadable: Unreadable[] = []
    for (const name of (await this.#names()).sort().reverse()) {
      const file = join(this.#entries, name)
      const entry = await readFile(file, 'utf8').then(parse, whyUnread)
      if (entry === undefined) continue
      if (typeof entry === 'string') unreadable.push({ file, reason: entry })
      else entries.push({ ...entry, id: name.replace(/\.json$/, '') })
    }
    return { entries, unreadable }
  }

  async remove(entry: JournalEntry): Promise<void> {
    await rm(this.#entryFile(entry), { force: true })
  }

  /** Keeps the address that a client had before. Called with an address that is not our own. */
  async keepFormer(client: Client, value: string): Promise<void> {
    const former = { [client.setting]: value }
    await this.#write(former, (temporary) => rename(temporary, this.#formerFile(client)))
  }

  async forgetFormer(client: Client): Promise<void> {
    await unlink(this.#formerFile(client)).catch((error: unknown) => {
      if (!isMissing(error)) throw error
    })
  }

  #entryFile({ id }: Pick<JournalEntry, 'id'>): string {
    return join(this.#entries, `${id}.json`)
  }

  #formerFile({ id }: Client): string {
    return join(this.#root, id === 'go' ? 'go-env.json' : `${id}.json`)
  }

  async #names(): Promise<string[]> {
    try {
      return (await readdir(this.#entries)).filter((name) => /^\d+-[a-z0-9]+\.json$/.test(name))
    } catch (error) {
      if (isMissing(error)) return []
      throw error
    }
  }

  /** Settings files hold tokens, so the journal is for its owner only. */
  async #write<T>(content: unknown, place: (temporary: string) => Promise<T>): Promise<T> {
    await mkdir(this.#entries, { recursive: true, mode: 0o700 })
    const temporary = join(this.#entries, `${randomUUID()}.new`)
    try {
      {
        await using handle = await open(temporary, 'wx', 0o600)
        await handle.writeFile(`${JSON.stringify(content, undefined, 2)}\n`)
        await handle.sync()
      }
      return await place(temporary)
    } finally {
      await rm(temporary, { force: true })
    }
  }
}

/** Undefined for what another run has taken back since the folder was listed. */
function whyUnread(error: unknown): string | undefined {
  if (isMissing(error)) return undefined
  return `it cannot be read: ${error instanceof Error ? error.message : String(error)}`
}

function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.some((code) => code === error.code)
}

function stored({ before, after, ...entry }: Omit<JournalEntry, 'id'>) {
  const encode = (bytes: Uint8Array) => ({
    sha256: sha256(bytes),
    base64: Buffer.from(bytes).toString('base64'),
  })
  return {
    format: 1,
    tool: VERSION,
    ...entry,
    before: before === undefined ? null : encode(before),
    after: encode(after),
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function parse(text: string): Omit<JournalEntry, 'id'> | string {
  let raw: Readonly<Record<string, unknown>>
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null) return 'it is no object'
    raw = value as Record<string, unknown>
  } catch {
    return 'it is no JSON'
  }
  const { format, client, at, path, realPath, keys, mode, folders, formerOf, address } = raw
  const [before, after] = [bytesOf(raw.before), bytesOf(raw.after)]
  if (format !== 1) return 'it is of another version of this program'
  if (typeof client !== 'string' || typeof path !== 'string' || typeof realPath !== 'string')
    return 'it names no file'
  if (after === undefined || (before === undefined && raw.before !== null))
    return 'its bytes do not fit their checksum'
  return {
    client: client as ClientId,
    at: String(at),
    path,
    realPath,
    keys: texts(keys),
    before,
    after,
    mode: typeof mode === 'number' ? mode : undefined,
    formerOf: texts(formerOf) as ClientId[],
    address: typeof address === 'string' ? address : undefined,
    folders: texts(folders),
  }
}

function bytesOf(value: unknown): Uint8Array | undefined {
  if (typeof value !== 'object' || value === null || !('base64' in value) || !('sha256' in value))
    return undefined
  const bytes = Buffer.from(String(value.base64), 'base64')
  return sha256(bytes) === value.sha256 ? bytes : undefined
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}
