import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { upstreamsCommand } from './upstreams-command.ts'

let good: ReturnType<typeof Bun.serve>
let bad: ReturnType<typeof Bun.serve>
let asked: string[] = []

beforeAll(() => {
  const serve = (status: number) =>
    Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      fetch(request) {
        asked.push(`${status} ${new URL(request.url).pathname}`)
        return new Response('', { status })
      },
    })
  good = serve(200)
  bad = serve(503)
})
afterAll(() => Promise.all([good.stop(true), bad.stop(true)]))

async function call(line: string, upstream?: string, env: Record<string, string> = {}) {
  const said = { out: '', err: '' }
  asked = []
  const code = await upstreamsCommand(line.split(' ').filter(Boolean), {
    stdout: { write: (text) => (said.out += text) },
    stderr: { write: (text) => (said.err += text) },
    env: {
      PATH: '/nowhere',
      HOME: '/nowhere',
      POSTHASTE_GO_SUMDB: 'off',
      ...(upstream === undefined ? {} : { POSTHASTE_GO_UPSTREAM: upstream }),
      ...env,
    },
    cwd: '/nowhere',
  })
  return { code, ...said }
}

const at = ({ port }: { port?: number | undefined }, path = '') => `http://127.0.0.1:${port}${path}`

describe('a list', () => {
  test('with a source that answers is healthy', async () => {
    const { code, out } = await call('', `${at(bad)}|${at(good)},direct`)
    expect(code).toBe(0)
    expect(out).toMatch(/^go$/m)
    expect(out).toMatch(new RegExp(`^ {2}✗ ${at(bad)} +\\| .*503.*\\(POSTHASTE_GO_UPSTREAM\\)$`, 'm'))
    expect(out).toMatch(new RegExp(`^ {2}✓ ${at(good)} +, `, 'm'))
    expect(out).toMatch(/^ {4}direct .*the client's own part$/m)
  })

  test('without one is a problem', async () => {
    expect((await call('', at(bad))).code).toBe(1)
    expect((await call('', 'http://127.0.0.1:1')).code).toBe(1)
  })

  test('that is not there is a problem, and the fix is told', async () => {
    const { code, out } = await call('')
    expect(code).toBe(1)
    expect(out).toContain('set go.upstream in posthaste.yaml, or POSTHASTE_GO_UPSTREAM')
  })

  test('as JSON', async () => {
    const { code, out } = await call('--json', `${at(good, '/go')},${at(bad)},off`)
    expect(code).toBe(0)
    expect(JSON.parse(out)).toEqual({
      sources: [
        {
          list: 'go',
          id: `127.0.0.1:${good.port}/go`,
          address: at(good, '/go'),
          foundIn: 'POSTHASTE_GO_UPSTREAM',
          separator: ',',
          ok: true,
          detail: expect.any(String),
          tookMs: expect.any(Number),
        },
        expect.objectContaining({ address: at(bad), ok: false, separator: ',' }),
        {
          list: 'go',
          id: 'off',
          address: 'off',
          foundIn: '',
          separator: null,
          ok: false,
          detail: 'nothing is fetched beyond this',
          tookMs: null,
        },
      ],
      go: { found: false, notes: [expect.any(String)] },
    })
  })

  test('is asked, each source with a path of its own base', async () => {
    await call('', `${at(good, '/go')},${at(bad)}`)
    expect(asked.filter((line) => line.startsWith('200 /go/'))).not.toEqual([])
    expect(asked.filter((line) => line.startsWith('503 '))).not.toEqual([])
  })

  test.each(['direct', 'off'])('of %s alone fetches nothing, as it was told to: no problem', async (word) => {
    const { code, out } = await call('', word)
    expect(code).toBe(0)
    expect(out).toContain(word)
  })

  test('offline asks nobody', async () => {
    await call('--offline', at(good))
    expect(asked).toEqual([])
  })
})

test.each(['', '--json'])('credentials are never shown (%s)', async (flags) => {
  const withSecret = at(bad).replace('//', '//ann:s3cret@')
  const { out, err } = await call(flags, `${withSecret},${at(good)}`)
  expect(out + err).not.toContain('s3cret')
  expect(out).toContain('***')
})

describe('usage', () => {
  test.each([
    ['now', "'upstreams' takes no 'now'"],
    ['--jsn', 'did you mean --json?'],
    ['--go-upstream ftp://a.example', 'ftp'],
  ])('%s is wrong', async (line, message) => {
    const { code, out, err } = await call(line)
    expect([code, out]).toEqual([64, ''])
    expect(err).toContain(message)
  })
})
