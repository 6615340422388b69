import { describe, expect, test } from 'bun:test'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { takenBack } from './go-advice.ts'
import { goClient } from './go-client.ts'
import { thisMachine } from './machine.ts'

const BASE = 'http://127.0.0.1:7678/go'
const MIRROR = 'https://goproxy.cn'

interface Scene {
  readonly file?: string
  readonly env?: Readonly<Record<string, string>>
  readonly mirror?: string
  readonly privatePatterns?: readonly string[]
}

async function plan({ file = '', env = {}, mirror, privatePatterns = [] }: Scene) {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'goenv')
  await mkdir(folder.path, { recursive: true })
  await writeFile(path, file)
  const machine = { ...thisMachine({ env: { GOENV: path, ...env }, cwd: folder.path }), home: folder.path }
  const presence = { command: undefined }
  const wanted = {
    scope: 'user' as const,
    address: BASE,
    earlier: [],
    fallback: mirror,
    privatePatterns,
    isPublic: (address: string) => /goproxy\.(cn|io)/.test(address),
  }
  const planned = await goClient.plan(machine, presence, wanted)
  if (!planned.possible) return { impossible: planned.reason }
  const [edit] = planned.edits
  const edited = edit?.edit(file)
  return {
    value: planned.value,
    previous: planned.previous,
    notes: planned.notes.join('\n'),
    text: edited?.ok ? edited.text : undefined,
  }
}

describe('the list', () => {
  test.each([
    ['nothing', '', undefined, `${BASE}|direct`, undefined],
    ['nothing, with a mirror', '', MIRROR, `${BASE}|${MIRROR}|direct`, undefined],
    ['a public mirror', `GOPROXY=${MIRROR},direct\n`, undefined, `${BASE}|direct`, `${MIRROR},direct`],
    [
      'the mirror itself',
      `GOPROXY=${MIRROR},direct\n`,
      MIRROR,
      `${BASE}|${MIRROR}|direct`,
      `${MIRROR},direct`,
    ],
    ['an end of its own', `GOPROXY=${MIRROR},off\n`, undefined, `${BASE}|off`, `${MIRROR},off`],
    [
      "a company's list",
      'GOPROXY=https://go.acme.example,direct\n',
      undefined,
      `${BASE}|https://go.acme.example,direct`,
      'https://go.acme.example,direct',
    ],
    [
      "a company's list and a mirror",
      'GOPROXY=https://go.acme.example,direct\n',
      MIRROR,
      `${BASE}|https://go.acme.example,direct`,
      'https://go.acme.example,direct',
    ],
    ['ours', `GOPROXY=${BASE}|direct\n`, undefined, `${BASE}|direct`, undefined],
    [
      'ours under another name',
      'GOPROXY=http://localhost:7678/go|direct\n',
      undefined,
      `${BASE}|direct`,
      undefined,
    ],
    [
      "ours with a company's list",
      `GOPROXY=${BASE}|https://go.acme.example,direct\n`,
      undefined,
      `${BASE}|https://go.acme.example,direct`,
      undefined,
    ],
    ['ours with an end', `GOPROXY=${BASE}|off\n`, undefined, `${BASE}|off`, undefined],
  ])('before: %s', async (_, file, mirror, value, previous) => {
    expect(await plan({ file, ...(mirror && { mirror }) })).toMatchObject({ value, previous })
  })
})

test('a line that Go passes over is none of its settings', async () => {
  const file = `GOPROXY = ${MIRROR},direct\n`
  const planned = await plan({ file })
  expect(planned.previous).toBeUndefined()
  expect(planned.text).toBe(`${file}GOPROXY=${BASE}|direct\n`)
})

test('a list that ends in a carriage return is kept without it', async () => {
  const planned = await plan({ file: 'GOPROXY=https://go.acme.example,direct\r\nGOFLAGS=-v\r\n' })
  expect(planned.value).toBe(`${BASE}|https://go.acme.example,direct`)
  expect(planned.text).toBe(`GOPROXY=${BASE}|https://go.acme.example,direct\nGOFLAGS=-v\r\n`)
})

describe('a mirror never hears of private names', () => {
  const privatePatterns = ['*.corp.example', 'github.com/acme/*']

  test('GOPRIVATE is widened', async () => {
    const { value, text } = await plan({ file: 'GOPRIVATE=x.example\n', mirror: MIRROR, privatePatterns })
    expect(value).toBe(`${BASE}|${MIRROR}|direct`)
    expect(text).toContain('GOPRIVATE=x.example,*.corp.example,github.com/acme/*\n')
  })

  test('GONOPROXY is, where that is set, since it stands above GOPRIVATE', async () => {
    const { text } = await plan({ file: 'GONOPROXY=x.example\n', mirror: MIRROR, privatePatterns })
    expect(text).toContain('GONOPROXY=x.example,*.corp.example,github.com/acme/*\n')
    expect(text).not.toContain('GOPRIVATE=')
  })

  test('nothing is, where all is covered', async () => {
    const { text } = await plan({
      file: 'GOPRIVATE=*.corp.example,github.com/acme\n',
      mirror: MIRROR,
      privatePatterns,
    })
    expect(text).toContain('GOPRIVATE=*.corp.example,github.com/acme\n')
  })

  test('a carriage return makes a pattern cover nothing, and is put right', async () => {
    const { text } = await plan({
      file: 'GOPRIVATE=corp.example\r\n',
      mirror: MIRROR,
      privatePatterns: ['corp.example'],
    })
    expect(text).toContain('GOPRIVATE=corp.example\n')
    const { notes } = await plan({ file: 'GOPRIVATE=corp.example\r\n', privatePatterns: ['corp.example'] })
    expect(notes).toContain('GOPRIVATE does not cover corp.example')
    expect(notes).toContain('go env -w GOPRIVATE=corp.example')
  })

  test('and where a variable stands above, the mirror is left out, and that is said', async () => {
    const { value, notes } = await plan({ env: { GOPRIVATE: 'x.example' }, mirror: MIRROR, privatePatterns })
    expect(value).toBe(`${BASE}|direct`)
    expect(notes).toContain(
      'the mirror is left out: GOPRIVATE in the environment does not cover *.corp.example',
    )
  })

  test('without a mirror no setting but GOPROXY is touched', async () => {
    expect((await plan({ privatePatterns })).text).toBe(`GOPROXY=${BASE}|direct\n`)
  })
})

describe('advice', () => {
  test.each([
    ['GOSUMDB=off\n', {}, 'GOSUMDB=off'],
    ['', { GOSUMDB: 'off' }, 'GOSUMDB=off'],
    ['GOPROXY=goproxy.cn|direct\n', {}, 'goproxy.cn has no scheme'],
    [`GOPROXY=${MIRROR},direct\n`, {}, "with '|' it would survive an outage"],
    ['GOPRIVATE=*\n', {}, 'no module is asked of any proxy'],
    ['GO111MODULE=off\n', {}, 'no proxy is asked at all; go env -u GO111MODULE'],
    ['GOSUMDB=off\n', {}, 'toolchain downloads fail; go env -u GOSUMDB'],
    ['', { GOSUMDB: 'off' }, 'toolchain downloads fail; unset GOSUMDB'],
    ['GONOSUMDB=*\n', {}, 'GONOSUMDB holds *: no module is looked up'],
    ['GONOPROXY=x.example,*\n', {}, 'GONOPROXY holds *: no module is asked of any proxy'],
    ['GOFLAGS=-insecure\n', {}, "'go get' fails; GOINSECURE took its place; go env -u GOFLAGS"],
    ['', { GOFLAGS: '-mod=vendor' }, 'ask no proxy; unset GOFLAGS'],
    ['', { GOPROXY: 'goproxy.cn|direct' }, 'goproxy.cn has no scheme'],
    ['', { GOPROXY: `${BASE},direct` }, "with '|' it would survive an outage"],
    ['GOPROXY=https://u:secret@go.acme.example,direct\n', {}, 'https://***@go.acme.example'],
  ])('for %j %j', async (file, env, note) => {
    const { notes } = await plan({ file, env })
    expect(notes).toContain(note)
    expect(notes).not.toContain('secret')
  })

  test('private names that GOPRIVATE does not cover reach the checksum database', async () => {
    const privatePatterns = ['*.corp.example', 'corp.example']
    const gap = await plan({ file: 'GOPRIVATE=x.example\n', privatePatterns })
    expect(gap.notes).toContain('GOPRIVATE does not cover *.corp.example, corp.example')
    expect(gap.notes).toContain('go env -w GOPRIVATE=x.example,*.corp.example,corp.example')
    const byVariable = await plan({ env: { GONOSUMDB: 'x.example' }, privatePatterns: ['corp.example'] })
    expect(byVariable.notes).toContain('export GONOSUMDB=x.example,corp.example')
    const covered = await plan({ env: { GOPRIVATE: '*.corp.example,corp.example' }, privatePatterns })
    expect(covered.notes).toBe('')
  })

  test('a variable is told with the file that sets it', async () => {
    await using folder = await temporaryFolder()
    await writeFile(join(folder.path, '.bashrc'), '# mine\nexport GOSUMDB=off\n')
    const env = { GOSUMDB: 'off' }
    const machine = { ...thisMachine({ env, cwd: folder.path }), home: folder.path, etc: '/nowhere' }
    expect(await takenBack(machine, 'GOSUMDB')).toBe('take GOSUMDB out of ~/.bashrc:2, then: unset GOSUMDB')
  })

  test('none for what is sound', async () => {
    expect((await plan({ file: `GOPROXY=${BASE}|direct\n` })).notes).toBe('')
  })
})

test('GOENV=off is said', async () => {
  expect(await plan({ env: { GOENV: 'off' } })).toEqual({ impossible: 'GOENV=off makes Go read no file' })
})
