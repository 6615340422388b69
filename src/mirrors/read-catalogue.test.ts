import { describe, expect, test } from 'bun:test'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ecosystems } from './catalogue.ts'
import { builtInFolder } from './load-catalogue.ts'
import { readCatalogue } from './read-catalogue.ts'

const mirror = `  - id: ours
    operator: Acme
    region: eu
    kind: relay
    addresses: [https://mirror.example/go/]
    status: verified
    lastVerified: 2026-08-20
    provenance: our own
`
const file = (mirrors: string) => `ecosystem: go\nmirrors:\n${mirrors}`

test('a file of mirrors alone is read, and what is left out has its default', () => {
  const result = readCatalogue('ours.yaml', file(mirror))
  expect(result).toMatchObject({
    ok: true,
    file: { ecosystem: 'go', probes: undefined, reference: undefined },
  })
  expect(result.ok && result.file.mirrors).toEqual([
    {
      id: 'ours',
      operator: 'Acme',
      region: 'eu',
      isp: undefined,
      kind: 'relay',
      domain: 'ours',
      addresses: ['https://mirror.example/go'],
      capabilities: {},
      limits: [],
      status: 'verified',
      replacedBy: undefined,
      lastVerified: '2026-08-20',
      provenance: 'our own',
      where: 'ours.yaml:3:5',
    },
  ])
})

const mistakes: readonly [name: string, text: string, where: string, message: string][] = [
  ['an unknown key', file(mirror.replace('operator', 'operatr')), 'ours.yaml:4:5', "unknown key 'operatr'"],
  [
    'a key that is missing',
    file(mirror.replace('    kind: relay\n', '')),
    'ours.yaml:3:5',
    "'kind' is missing",
  ],
  [
    'a word that is none of the choices',
    file(mirror.replace('relay', 'fast')),
    'ours.yaml:6:11',
    "mirrors[0].kind: expected one of mirror, relay, index, redirector, cdn, got 'fast'",
  ],
  [
    'an address that is none',
    file(mirror.replace('https://mirror.example/go/', 'ftp://mirror.example')),
    'ours.yaml:7:17',
    'mirrors[0].addresses[0]: expected an http or https address without query and fragment',
  ],
  [
    'no address',
    file(mirror.replace('https://mirror.example/go/', '')),
    'ours.yaml:3:5',
    "'ours' has no address",
  ],
  ['a day that does not exist', file(mirror.replace('08-20', '02-30')), 'ours.yaml:9:19', 'expected a day'],
  [
    'a verification without its day',
    file(mirror.replace('    lastVerified: 2026-08-20\n', '')),
    'ours.yaml:3:5',
    'lastVerified does not say when',
  ],
  [
    'an id twice',
    file(mirror + mirror),
    'ours.yaml:11:5',
    "'ours' stands here a second time (first: ours.yaml:3:5)",
  ],
  ['an unknown ecosystem', 'ecosystem: gems\nmirrors: []\n', 'ours.yaml:1:12', 'expected one of go, npm'],
  ['no map', '- a\n', 'ours.yaml:1:1', 'expected a map of ecosystem'],
  ['broken YAML', 'ecosystem: [go\n', 'ours.yaml:2:1', 'Flow sequence'],
  ['an empty file', '', 'ours.yaml:1:1', 'expected a map'],
  [
    'a probe without a sound hash',
    `${file(mirror)}probes:
  small: { path: a/@v/v1.mod, hash: "h1:abc", bytes: 3 }
  medium: { path: a/@v/v1.zip, hash: "sha256:${'0'.repeat(64)}", bytes: 3 }
  metadata: []
  canaries: []
`,
    'ours.yaml:12:37',
    'probes.small.hash: expected a hash',
  ],
  [
    'a probe that is too large to be polite',
    `${file(mirror)}probes:
  small: { path: a, hash: "sha256:${'0'.repeat(64)}", bytes: 3 }
  medium: { path: b, hash: "sha256:${'0'.repeat(64)}", bytes: 99000000 }
  metadata: []
  canaries: []
`,
    'ours.yaml:13:110',
    'probes.medium.bytes: expected a whole number from 1 to 4194304',
  ],
]

describe('a mistake is told with its place:', () => {
  for (const [name, text, where, message] of mistakes) {
    test(name, () => {
      const result = readCatalogue('ours.yaml', text)
      const problems = result.ok ? [] : result.problems
      expect(problems.map((problem) => problem.where)).toContain(where)
      expect(problems.map((problem) => problem.message).join('\n')).toContain(message)
    })
  }
})

test('all mistakes of a file are told, not only the first', () => {
  const result = readCatalogue('ours.yaml', file(mirror.replace('relay', 'fast').replace('verified', 'best')))
  expect(result.ok ? [] : result.problems).toHaveLength(2)
})

describe('the catalogue that comes with the program', () => {
  for (const ecosystem of ecosystems) {
    test(`${ecosystem} is sound, whole, and says where each entry comes from`, async () => {
      const name = `${ecosystem}.yaml`
      const result = readCatalogue(name, await readFile(join(builtInFolder, name), 'utf8'))
      if (!result.ok) throw new Error(JSON.stringify(result.problems))
      expect(result.file.ecosystem).toBe(ecosystem)
      expect(result.file.probes?.metadata.length).toBeGreaterThanOrEqual(4)
      expect(result.file.probes?.canaries.length).toBeGreaterThanOrEqual(3)
      const ids = new Set(result.file.mirrors.map(({ id }) => id))
      for (const entry of result.file.mirrors) {
        if (entry.replacedBy !== undefined) expect(ids).toContain(entry.replacedBy)
        for (const address of entry.addresses) expect(address).toStartWith('https://')
      }
    })
  }
})
