import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { type DiscoverGoOptions, discoverGo, goSettings } from './discover-go.ts'

const listen = { host: '127.0.0.1', port: 7678 }
const ours = 'http://127.0.0.1:7678/go'
const official = 'https://official.example,direct'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'posthaste-discover-'))
})
afterAll(() => rm(folder, { recursive: true }))

interface Scene {
  /** What `go env -w` wrote. */
  readonly userFile?: string
  readonly rootFile?: string
  readonly journal?: string
  readonly env?: Readonly<Record<string, string>>
  /** The body of the `go` script; by default it answers as `go` does. */
  readonly script?: string
  readonly options?: Partial<DiscoverGoOptions>
}

/** Answers as `go env -json`: the environment, then go's own file, then $GOROOT/go.env. */
const honest = `
value() {
  eval "v=\\\${$1:-}"
  [ -n "$v" ] || [ "\${GOENV:-}" = off ] || v=$(sed -n "s/^$1=//p" "$ROOT/user.env" 2>/dev/null)
  [ -n "$v" ] || v=$(sed -n "s/^$1=//p" "$ROOT/goroot/go.env" 2>/dev/null)
  printf '%s' "$v"
}
private=$(value GOPRIVATE)
noproxy=$(value GONOPROXY); nosumdb=$(value GONOSUMDB)
printf '{"GOPROXY":"%s","GOSUMDB":"%s","GOPRIVATE":"%s","GONOPROXY":"%s","GONOSUMDB":"%s","GOROOT":"%s","GOENV":"%s"}' \\
  "$(value GOPROXY)" "$(value GOSUMDB)" "$private" "\${noproxy:-$private}" "\${nosumdb:-$private}" "$ROOT/goroot" "\${GOENV:-$ROOT/user.env}"
`

let scenes = 0
async function discover(scene: Scene = {}) {
  const root = join(folder, `${scenes++}`)
  const [bin, goroot, journal] = [join(root, 'bin'), join(root, 'goroot'), join(root, 'data', 'journal')]
  for (const path of [bin, goroot, journal]) await mkdir(path, { recursive: true })
  await writeFile(join(bin, 'go'), `#!/bin/sh\nROOT='${root}'\n${scene.script ?? honest}`, { mode: 0o755 })
  const { rootFile = `# defaults\nGOPROXY=${official}\nGOSUMDB=db.example\n` } = scene
  if (rootFile !== '') await writeFile(join(goroot, 'go.env'), rootFile)
  if (scene.userFile !== undefined) await writeFile(join(root, 'user.env'), scene.userFile)
  if (scene.journal !== undefined) await writeFile(join(journal, 'go-env.json'), scene.journal)
  const env = { PATH: `${bin}${delimiter}/usr/bin${delimiter}/bin`, ...scene.env }
  const found = await discoverGo({ env, listen, data: join(root, 'data'), local: [], ...scene.options })
  return { found, root }
}

async function proxyOf(scene: Scene) {
  const { found, root } = await discover(scene)
  if (!found.found) throw new Error(found.reason)
  return { value: found.proxy?.value, origin: found.proxy?.origin.replace(root, 'ROOT'), notes: found.notes }
}

describe('which source won', () => {
  test('the default of $GOROOT/go.env', async () => {
    const { found } = await discover()
    expect(found).toMatchObject({
      found: true,
      proxy: { value: official, origin: 'go env (default in $GOROOT/go.env)' },
      sumdb: { value: 'db.example', origin: 'go env (default in $GOROOT/go.env)' },
      notes: [],
    })
    expect(goSettings(found).map(({ key }) => key)).toEqual(['go.upstream', 'go.sumdb'])
  })

  test("go's own file wins over it", async () => {
    expect(await proxyOf({ userFile: 'GOPROXY=https://a.example\n' })).toEqual({
      value: 'https://a.example',
      origin: 'go env (set by go env -w in ROOT/user.env)',
      notes: [],
    })
  })

  test('the environment wins over both', async () => {
    const env = { GOPROXY: 'https://b.example' }
    expect(await proxyOf({ env, userFile: 'GOPROXY=https://a.example\n' })).toMatchObject({
      value: 'https://b.example',
      origin: 'go env (GOPROXY in the environment)',
    })
  })

  test.each(['off', 'direct'])('a list of only %s is respected', async (list) => {
    expect(await proxyOf({ env: { GOPROXY: list } })).toMatchObject({ value: list })
  })
})

describe('names of checksum databases', () => {
  const namesOf = async (scene: Scene) => {
    const { found } = await discover(scene)
    return found.found ? found.databaseNames : undefined
  }

  test('the default, in force or hidden by what somebody set', async () => {
    expect(await namesOf({})).toEqual(['db.example'])
    expect(await namesOf({ env: { GOSUMDB: 'alias.example' } })).toEqual(['alias.example', 'db.example'])
    const userFile = 'GOSUMDB=mine.example+00000000+AAAA https://a.example\n'
    expect(await namesOf({ env: { GOSUMDB: 'off' }, userFile })).toEqual(['mine.example', 'db.example'])
  })

  test('the default that a toolchain without a go.env file has built in', async () => {
    const script = honest.replace('"$(value GOSUMDB)"', '"$(value GOSUMDB | grep . || echo built.example)"')
    const scene = { script, rootFile: '', userFile: 'GOSUMDB=alias.example\n' }
    expect(await namesOf(scene)).toEqual(['alias.example', 'built.example'])
  })
})

describe('private names', () => {
  test('GOPRIVATE and GONOPROXY count both', async () => {
    const { found } = await discover({
      env: { GOPRIVATE: '*.a.example, b.example', GONOPROXY: 'c.example,b.example' },
    })
    expect(found).toMatchObject({
      private: {
        value: ['*.a.example', 'b.example', 'c.example'],
        origin: 'go env (GOPRIVATE in the environment)',
      },
      nosumdb: undefined,
    })
  })

  test('a pattern that cannot be read spoils no other, as in Go', async () => {
    const { found } = await discover({ env: { GOPRIVATE: '[bad,ok.example' } })
    expect(found).toMatchObject({ private: { value: ['ok.example'] } })
    expect(found.found && found.notes).toEqual([
      "'[bad' in GOPRIVATE is no pattern: go passes it over, and so does this server",
    ])
  })

  test('GONOSUMDB counts only where it was set by itself', async () => {
    const { found } = await discover({ env: { GOPRIVATE: 'a.example' }, userFile: 'GONOSUMDB=b.example\n' })
    expect(found).toMatchObject({ nosumdb: { value: ['b.example'] } })
  })
})

describe('our own address is never an upstream', () => {
  const journal = JSON.stringify({ GOPROXY: 'https://before.example|direct' })

  test('what the journal says was set before takes the place of the whole list', async () => {
    const { value, origin, notes } = await proxyOf({
      journal,
      userFile: `GOPROXY=${ours}|https://x.example,direct\n`,
    })
    expect(value).toBe('https://before.example|direct')
    expect(origin).toEndWith('journal/go-env.json (what was set before)')
    expect(notes).toHaveLength(1)
    expect(notes[0]).toContain(ours)
  })

  test.each([
    ['no journal', undefined],
    ['a torn journal', '{"GOPR'],
    ['a journal of another shape', '["x"]'],
    ['an empty entry', '{"GOPROXY": ""}'],
    ['a journal that leads to us too', JSON.stringify({ GOPROXY: ours })],
  ])("with %s, the toolchain's default does", async (_, text) => {
    const scene = { userFile: `GOPROXY=${ours},direct\n`, ...(text !== undefined && { journal: text }) }
    expect(await proxyOf(scene)).toMatchObject({
      value: official,
      origin: 'go env (default in $GOROOT/go.env)',
    })
  })

  test("what the environment hides in go's own file comes before the default", async () => {
    const scene = { env: { GOPROXY: ours }, userFile: 'GOPROXY=https://a.example\n' }
    expect(await proxyOf(scene)).toMatchObject({ value: 'https://a.example' })
  })

  test('a toolchain without a go.env file is asked for the default that is built in', async () => {
    const script = honest.replace(
      'private=',
      `: "\${GOPROXY:=$([ "\${GOENV:-}" = off ] && echo https://built-in.example)}"\nprivate=`,
    )
    const scene = { script, rootFile: '', userFile: `GOPROXY=${ours}\n` }
    expect(await proxyOf(scene)).toMatchObject({
      value: 'https://built-in.example',
      origin: 'go env (built in)',
    })
  })

  test('with nothing to put in its place there is no upstream, and a note says what to do', async () => {
    const { value, notes } = await proxyOf({ rootFile: '', userFile: `GOPROXY=${ours}\n` })
    expect(value).toBeUndefined()
    expect(notes[0]).toContain('set go.upstream')
  })

  test('notes hold no password', async () => {
    const { notes } = await proxyOf({ env: { GOPROXY: 'http://ann:s3cret@127.0.0.1:7678/go' } })
    expect(notes.join()).not.toContain('s3cret')
  })

  test("the checksum database's address is left out, its name stays", async () => {
    const { found } = await discover({ env: { GOSUMDB: `db.example ${ours}/sumdb/db.example` } })
    expect(found).toMatchObject({ sumdb: { value: 'db.example' } })
  })
})

describe('the toolchain is asked without harm', () => {
  test('in an empty folder that is gone afterwards, with no flags, no workspace and no other toolchain', async () => {
    const script = `printf '%s\\n' "$PWD" "[$GOFLAGS]" "$GOTOOLCHAIN" "$GOWORK" "$(ls -A)" >"$ROOT/asked"\n${honest}`
    const { found, root } = await discover({
      script,
      env: { GOFLAGS: '-mod=bad', GOTOOLCHAIN: 'go9.9', GOWORK: '/x' },
    })
    expect(found.found).toBe(true)
    const [cwd = '', ...rest] = (await readFile(join(root, 'asked'), 'utf8')).split('\n')
    expect(rest).toEqual(['[ ]', 'local', 'off', '', ''])
    expect(readdir(cwd)).rejects.toThrow('ENOENT')
  })

  test.each([
    ['no go', { env: { PATH: '/nowhere' } }, "there is no 'go' command on the PATH"],
    ['a go that fails', { script: 'echo "go: broken" >&2; exit 3' }, "'go env' failed: go: broken"],
    ['a go that says nothing', { script: 'exit 0' }, 'is not JSON'],
    ['a go that says something else', { script: 'echo hello' }, 'is not JSON'],
    ['a go that answers null', { script: 'echo null' }, 'with no object'],
    ['a go that hangs', { script: 'exec sleep 60', options: { timeoutMs: 100 } }, 'no answer within 100 ms'],
    [
      'a go whose child hangs',
      { script: 'sleep 10', options: { timeoutMs: 100 } },
      'no answer within 100 ms',
    ],
    ['a go that never stops talking', { script: 'exec cat /dev/zero' }, "'go env'"],
    ['nobody who waits', { options: { signal: AbortSignal.abort() } }, 'given up'],
  ] as const)('%s is a reason, not an error', async (_, scene: Scene, reason) => {
    const { found } = await discover(scene)
    expect(found).toMatchObject({ found: false, reason: expect.stringContaining(reason) })
    expect(goSettings(found)).toEqual([])
  })
})

const realGo = Bun.which('go')

describe.skipIf(realGo === null)('the real go', () => {
  const base = {
    ...process.env,
    GOENV: '',
    GOPROXY: '',
    GOPRIVATE: '',
    GONOPROXY: '',
    GONOSUMDB: '',
    GOSUMDB: '',
  }

  test('its own file is read, and our address in it replaced', async () => {
    const file = join(folder, 'real.env')
    await writeFile(file, `GOPROXY=${ours}|direct\nGOPRIVATE=*.corp.example\nGOFLAGS=-no-such-flag\n`)
    const found = await discoverGo({ env: { ...base, GOENV: file }, listen, data: folder, local: [] })
    if (!found.found) throw new Error(found.reason)
    expect(found.private).toEqual({
      value: ['*.corp.example'],
      origin: `go env (set by go env -w in ${file})`,
    })
    expect(found.proxy?.value ?? '').not.toContain('127.0.0.1')
    expect(found.notes).toHaveLength(1)
  })

  test('the environment is told from its own file', async () => {
    const env = { ...base, GOENV: 'off', GOPROXY: 'https://a.example', GOSUMDB: 'off' }
    expect(await discoverGo({ env, listen, data: folder, local: [] })).toMatchObject({
      proxy: { value: 'https://a.example', origin: 'go env (GOPROXY in the environment)' },
      sumdb: { value: 'off' },
    })
  })
})
