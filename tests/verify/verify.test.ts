import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeWheel } from '../../lab/fake-registry-packages.ts'
import type { ClientId } from '../../src/clients/client.ts'
import { findClient } from '../setup/find-client.ts'
import { testUnless } from '../support/test-unless.ts'
import { faultsOfReport } from './report-schema.ts'
import { path, type VerifyLab, verifyLab } from './verify-lab.ts'
import { verifyCases } from './verify-table.ts'

let lab: VerifyLab
beforeAll(async () => {
  lab = await verifyLab()
}, 60_000)
afterAll(() => lab[Symbol.asyncDispose]())

const rows = await Promise.all(
  verifyCases.map(async (row) => {
    const found = await findClient(row, path)
    return {
      ...row,
      PATH: 'path' in found ? found.path : '',
      missing: 'missing' in found ? found.missing : undefined,
    }
  }),
)
const missingOf = (client: ClientId) => rows.find((row) => row.client === client)?.missing

function filled(text: string): string {
  return text
    .replaceAll('GO', lab.go.url)
    .replaceAll('NPM', lab.npm.url)
    .replaceAll('PYPI', `${lab.pypi.url}/simple`)
    .replaceAll('URL', lab.product.url)
}

async function withFiles(files: Readonly<Record<string, string>>, work: () => Promise<void>): Promise<void> {
  for (const [name, text] of Object.entries(files)) await lab.write(name, filled(text))
  try {
    await work()
  } finally {
    for (const name of Object.keys(files)) await rm(join(lab.home, name))
  }
}

interface Report {
  readonly clients: readonly {
    readonly verdict: string
    readonly summary: string
    readonly proofs: Readonly<Record<'client' | 'log' | 'bytes', { readonly state: string }>> | null
    readonly notes: readonly string[]
    readonly reasons: readonly { readonly text: string; readonly fix: string }[]
  }[]
}

/** Runs `verify --json`, sees that nothing in the home has changed, and gives what was said of the client. */
async function verified(client: string, env: Readonly<Record<string, string>> = {}) {
  const before = await lab.snapshot()
  const { code, out, err } = await lab.verify(`${client} --json`, env)
  expect(await lab.snapshot()).toEqual(before)
  expect(err).toBe('')
  const report: Report = JSON.parse(out)
  expect(faultsOfReport(report)).toEqual([])
  const [one] = report.clients
  if (one === undefined) throw new Error(`no client in ${out}`)
  const states = Object.fromEntries(
    Object.entries(one.proofs ?? {}).map(([name, { state }]) => [name, state]),
  )
  return { code, verdict: one.verdict, states, why: one.reasons.map(({ text }) => text).join('; '), one }
}

const good = { client: 'good', log: 'good', bytes: 'good' }

for (const row of rows) {
  const { client, version, files = {}, environment, project, PATH } = row
  const check = testUnless(row.missing)
  describe(`${client}${version === undefined ? '' : ` ${version.source}`}`, () => {
    check('in effect: three proofs', () =>
      withFiles(files, async () => {
        for (const [name, value] of Object.entries({ ...environment }))
          expect(process.env[name]).not.toBe(value)
        expect(await verified(client, { PATH })).toMatchObject({
          code: 0,
          verdict: 'in-effect',
          states: good,
          why: '',
        })
      }),
    )

    if (environment !== undefined) {
      check('bypassed by the environment', () =>
        withFiles(files, async () => {
          const [name = '', value = ''] = Object.entries(environment)[0] ?? []
          const found = await verified(client, { PATH, [name]: filled(value) })
          expect(found).toMatchObject({ code: 1, verdict: 'bypassed', states: { client: 'bad', log: 'bad' } })
          expect(found.why).toContain(name)
          expect(found.why).toContain(filled(value))
        }),
      )
    }

    if (project !== undefined) {
      check('bypassed by a file of the project', () => {
        const inside = Object.entries(project).map(([name, text]) => [`project/${name}`, text])
        return withFiles({ ...files, ...Object.fromEntries(inside) }, async () => {
          const found = await verified(client, { PATH })
          expect(found).toMatchObject({ code: 1, verdict: 'bypassed', states: { client: 'bad', log: 'bad' } })
          expect(found.why).toContain('project')
          expect(found.why).toContain(Object.keys(project)[0] ?? '')
        })
      })
    }
  })
}

describe('more ways past it', () => {
  const go = testUnless(missingOf('go'))

  go('GOPRIVATE', async () => {
    const found = await verified('go', { GOPRIVATE: '*.example' })
    expect(found).toMatchObject({ code: 1, verdict: 'bypassed' })
    expect(found.why).toContain('GOPRIVATE=*.example covers tiny.example/Lab')
  })

  go('in effect, and with a setting that does harm another day', async () => {
    const list = `${lab.product.url}/go,direct`
    const found = await verified('go', { GOPROXY: list })
    expect(found).toMatchObject({ code: 0, verdict: 'in-effect' })
    expect(found.one.notes.join()).toContain(`'${list}' goes on at 404 and 410 only`)
    expect((await verified('go')).one.notes).toEqual([])
    const untouched = await verified('go', { GOENV: join(lab.home, 'none') })
    expect(untouched.one.notes.join()).not.toContain('survive')
    const off = await verified('go', { GOSUMDB: 'off' })
    expect(off.one.notes.join()).toContain('GOSUMDB=off: nothing proves what is downloaded')
    expect(off.one.notes.join()).toContain('unset GOSUMDB')
  })

  go('a list that has Posthaste behind another', async () => {
    const found = await verified('go', { GOPROXY: `${lab.go.url}|${lab.product.url}/go` })
    expect(found).toMatchObject({ verdict: 'bypassed', states: { client: 'bad' } })
  })

  go('a proxy that knows nothing of the package: what answered is told', async () => {
    const { code, out } = await lab.verify('go --package go=tiny.example/nothing@v1.0.0')
    expect(code).toBe(1)
    expect(out).toContain('broken')
    expect(out).toContain('404')
  })

  testUnless(Bun.which('npm') === null ? 'npm is not here' : undefined)(
    'a proxy variable without NO_PROXY',
    async () => {
      const found = await verified('npm', { NO_PROXY: '' })
      expect(found).toMatchObject({ code: 1, verdict: 'broken', states: { log: 'bad' } })
      expect(found.why).toContain('HTTPS_PROXY=http://127.0.0.1:9 stands between it and 127.0.0.1')
    },
  )

  testUnless(missingOf('pip'))('pip takes the file from a folder of find-links', () => {
    const wheel = makeWheel('tiny-lab', '1.0')
    return withFiles({ 'wheels/note': '' }, async () => {
      await writeFile(join(lab.home, 'wheels', wheel.filename), wheel.bytes)
      const found = await verified('pip', {
        PIP_NO_INDEX: '1',
        PIP_FIND_LINKS: `file://${encodeURI(join(lab.home, 'wheels'))}`,
      })
      expect(found).toMatchObject({ code: 1, verdict: 'bypassed', states: { log: 'bad', bytes: 'good' } })
      expect(found.one.notes.join()).toContain(`wheels/${wheel.filename} and asked no index`)
    })
  })

  testUnless(missingOf('pip'))(
    'pip that must not install outside of a virtual environment: nothing is installed',
    async () => {
      const found = await verified('pip', { PIP_REQUIRE_VIRTUALENV: 'true', VIRTUAL_ENV: '' })
      expect(found).toMatchObject({ code: 0, verdict: 'in-effect', states: good })
      const file = {
        'config/pip/pip.conf': '[global]\nindex-url = URL/pypi/simple/\nrequire-virtualenv = true\n',
      }
      const before = await readFile(join(lab.home, 'config/pip/pip.conf'), 'utf8')
      try {
        await withFiles(file, async () => {
          expect(await verified('pip')).toMatchObject({ code: 0, verdict: 'in-effect', states: good })
        })
      } finally {
        await lab.write('config/pip/pip.conf', before)
      }
    },
  )

  test('clients that are not served are not run, and it is said where they go', async () => {
    const before = await lab.snapshot()
    const { code, out } = await lab.verify('cargo mvn gradle')
    expect(await lab.snapshot()).toEqual(before)
    expect(code).toBe(2)
    expect(out).toContain(
      'Cargo: not served: Posthaste does not answer at /cargo/ yet; Cargo goes to its own registry',
    )
    expect(out).toContain(
      'Maven: not served: Posthaste does not answer at /maven/ yet; Maven goes to its own registry',
    )
    expect(out).toContain(
      'Gradle: not served: Posthaste does not answer at /maven/ yet; Gradle goes to its own registry',
    )
    expect(out).not.toContain('in effect')
  })

  test.each([
    [
      'cargo',
      '.cargo/config.toml',
      '[source.crates-io]\nreplace-with = "m"\n[source.m]\nregistry = "sparse+AT/cargo/"\n',
    ],
    [
      'mvn',
      '.m2/settings.xml',
      '<settings><mirrors><mirror><id>m</id><url>AT/maven/</url><mirrorOf>central</mirrorOf></mirror></mirrors></settings>\n',
    ],
  ])('%s that is led to a path that is not served is told so', async (client, file, text) => {
    await withFiles({ [file]: text.replace('AT', lab.product.url) }, async () => {
      const { code, one, why } = await verified(client)
      expect([code, one.verdict]).toEqual([2, 'not-served'])
      expect(one.summary).toContain('is led there all the same, and finds nothing')
      expect(why).toContain(file)
      expect(one.reasons[0]?.fix).toBe(`posthaste setup ${client} --undo`)
    })
    await withFiles({ [file]: text.replace('AT', 'https://mirror.example') }, async () => {
      const { one } = await verified(client)
      expect(one.summary).toContain('goes to ')
      expect(one.summary).toContain('https://mirror.example/')
      expect(one.reasons).toEqual([])
    })
  })
})

describe('with Posthaste stopped', () => {
  beforeAll(() => lab.product.stop(), 60_000)

  for (const row of rows) {
    testUnless(row.missing)(`${row.client}${row.version?.source ?? ''} is ${row.down}`, () =>
      withFiles(row.files ?? {}, async () => {
        const found = await verified(row.client, { PATH: row.PATH })
        expect(found).toMatchObject({ code: 1, verdict: row.down, states: { log: 'unknown' } })
        expect(found.why).toContain(`Posthaste does not answer at ${lab.product.url}`)
      }),
    )
  }
})
