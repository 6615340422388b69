import { beforeEach, describe, expect, test } from 'bun:test'
import type { Likely, Resource } from '../ecosystem.ts'
import { writeTestZip } from '../go/zip/test-zip.ts'
import { type ClientMachine, fitOf, machineFrom, machineOf } from './client-machine.ts'
import { parseDistribution } from './distribution-file.ts'
import { createPypiForesight, type PypiForesight } from './foresight.ts'
import { createPypiEcosystem, type PypiEcosystem } from './pypi-ecosystem.ts'
import { pypiTransforms } from './pypi-transforms.ts'
import { applies, requirementsIn } from './requirement.ts'

const pip = (system: object = { name: 'Linux' }, more: object = {}) =>
  `pip/25.0 ${JSON.stringify({
    cpu: 'x86_64',
    distro: { libc: { lib: 'glibc', version: '2.36' }, version: '12' },
    implementation: { name: 'CPython', version: '3.11.7' },
    python: '3.11.7',
    system,
    ...more,
  })}`

const linux = machineOf(pip())
const mac = machineOf(pip({ name: 'Darwin' }, { cpu: 'arm64', distro: { version: '14.5' } }))
const windows = machineOf(pip({ name: 'Windows' }, { cpu: 'AMD64', distro: undefined }))

describe('the machine of a client', () => {
  test('says itself', () => {
    expect(linux).toMatchObject({
      python: [3, 11],
      system: 'linux',
      cpu: 'x86_64',
      level: [2, 36],
      isMusl: false,
    })
    expect(mac).toMatchObject({ system: 'macos', cpu: 'arm64', level: [14, 5] })
    expect(windows).toMatchObject({ system: 'windows', cpu: 'amd64' })
  })
  test('other clients say nothing', () => {
    for (const agent of [
      '',
      'curl/8',
      'pip/25 {broken',
      'x {"python": 3}',
      'x {}',
      `x {"python":"${'3'.repeat(3_000)}"}`,
    ]) {
      expect(machineOf(agent)).toBeUndefined()
    }
    expect(machineOf(pip({ name: 'Linux' }, { implementation: { name: 'PyPy' } }))).toBeUndefined()
  })
  test('is told by a wheel too', () => {
    const taken = machineFrom(parseDistribution('x-1-cp312-cp312-musllinux_1_2_aarch64.whl', 'x'))
    expect(taken).toMatchObject({
      python: [3, 12],
      system: 'linux',
      cpu: 'aarch64',
      level: [1, 2],
      isMusl: true,
    })
    expect(machineFrom(parseDistribution('x-1-py3-none-any.whl', 'x'))).toBeUndefined()
  })

  for (const [machine, wheels] of [
    // Best first; what follows the empty name does not fit.
    [
      linux,
      [
        'cp311-cp311-manylinux_2_28_x86_64',
        'cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64',
        'cp39-abi3-manylinux2010_x86_64',
        'cp311-none-any',
        'py3-none-manylinux1_x86_64',
        'py2.py3-none-any',
        '',
        'cp312-cp312-manylinux_2_28_x86_64',
        'cp311-cp311-manylinux_2_39_x86_64',
        'cp311-cp311-manylinux_2_17_aarch64',
        'cp311-cp311-musllinux_1_1_x86_64',
        'cp312-abi3-manylinux_2_17_x86_64',
        'cp311-cp311-macosx_11_0_arm64',
        'py2-none-any',
        'cp311-cp311t-manylinux_2_17_x86_64',
      ],
    ],
    [
      mac,
      [
        'cp311-cp311-macosx_14_0_arm64',
        'cp311-cp311-macosx_11_0_universal2',
        'py3-none-any',
        '',
        'cp311-cp311-macosx_15_0_arm64',
        'cp311-cp311-macosx_11_0_x86_64',
      ],
    ],
    [
      windows,
      ['cp311-cp311-win_amd64', 'py3-none-any', '', 'cp311-cp311-win32', 'cp311-cp311-manylinux_2_17_x86_64'],
    ],
  ] as const) {
    test(`which wheels fit ${machine?.system}`, () => {
      const fits = wheels.map((tags) =>
        tags === '' ? 0 : fitOf(parseDistribution(`x-1-${tags}.whl`, 'x'), machine as ClientMachine),
      )
      const end = wheels.map(String).indexOf('')
      const fitting = fits.slice(0, end).map((fit) => fit ?? Number.NaN)
      expect(fitting).toEqual([...fitting].sort((a, b) => b - a))
      expect(fitting).not.toContain(Number.NaN)
      expect(fits.slice(end + 1)).toEqual(wheels.slice(end + 1).map(() => undefined))
    })
  }
})

describe('requirements', () => {
  const text = `Metadata-Version: 2.1
Name: x
Requires-Dist: Foo_Bar (>=1.2,<2)
Requires-Dist: b[fast,Slow] ; extra == 'all'
requires-dist: c~=1.0; python_version < "3.8" or sys_platform == 'win32'
Requires-Dist: d; (os_name == "posix")
Requires-Dist: e @ https://e.example/e.whl
Requires-Dist: -bad
Requires-Dist: f; sys_platform == "linux" and extra == "all"

Requires-Dist: in-the-description
`
  const found = requirementsIn(Buffer.from(text))
  test('are read from the headers', () => {
    expect(found.map(({ project, specifier, extras }) => [project, specifier, extras])).toEqual([
      ['foo-bar', '>=1.2,<2', []],
      ['b', '', ['fast', 'slow']],
      ['c', '~=1.0', []],
      ['d', '', []],
      ['f', '', []],
    ])
  })
  test('apply by their markers', () => {
    const names = (machine: ClientMachine | undefined, extras: string[]) =>
      found.filter((one) => applies(one, machine, new Set(extras))).map(({ project }) => project)
    expect(names(linux, [])).toEqual(['foo-bar', 'd'])
    expect(names(linux, ['all'])).toEqual(['foo-bar', 'b', 'd', 'f'])
    expect(names(windows, [])).toEqual(['foo-bar', 'c'])
    expect(names(undefined, [])).toEqual(['foo-bar', 'c', 'd'])
  })
})

describe('what a client asks next', () => {
  let nowMs: number
  let ecosystem: PypiEcosystem
  let foresight: PypiForesight
  beforeEach(() => {
    nowMs = 1_000_000
    ecosystem = createPypiEcosystem({
      ttl: { metadataMs: 1, missMs: 1 },
      isPrivate: (name) => name.startsWith('corp-'),
      forwardsPrivate: false,
      locatorOf: () => async () => ({ kind: 'places', urls: [] }),
      proveFile: () => ({ check: async () => ({ verdict: 'proved' }) }),
      proveForm: () => ({ check: async () => ({ verdict: 'sound' }) }),
    })
    foresight = createPypiForesight({ ecosystem, now: () => nowMs })
    foresight.sawClient(pip())
  })

  const sha = 'ab'.repeat(32)
  type Entry = readonly [file: string, more?: Record<string, unknown>]

  function page(project: string, entries: readonly Entry[], wanted = true): Likely[] {
    const files = entries.map(([filename, more]) => ({
      filename,
      url: 'u',
      hashes: { sha256: sha },
      'core-metadata': true,
      size: 1_000,
      ...more,
    }))
    if (wanted) foresight.asked(ecosystem.pageOf(project))
    const view = foresight.digest?.(ecosystem.pageOf(project))
    const transform = pypiTransforms[view?.transform.name ?? '']
    if (view === undefined || transform === undefined) throw new Error('no digest')
    const digest = transform({
      body: Buffer.from(JSON.stringify({ name: project, files })),
      beside: undefined,
      params: view.transform.params,
    })
    return [...foresight.arrived(ecosystem.pageOf(project), Buffer.concat([...digest]), wanted)]
  }

  const metadataOf = (project: string, file: string): Resource =>
    ecosystem.fileOf({ kind: 'file', project, route: sha, file, part: 'metadata' })
  const metadata = (project: string, file: string, requires: readonly string[], wanted = true) => [
    ...foresight.arrived(
      metadataOf(project, file),
      Buffer.from(`Metadata-Version: 2.1\n${requires.map((one) => `Requires-Dist: ${one}\n`).join('')}\n`),
      wanted,
    ),
  ]
  const words = (guesses: readonly Likely[]) =>
    guesses.map(({ resource: { key } }) =>
      key.replace(`${sha}/`, '').replace(/^pypi\/(files\/|simple\/)/, ''),
    )
  const still = (guesses: readonly Likely[]) => words(guesses.filter((one) => one.stillLikely?.() !== false))

  const a2 = 'a-2.0-py3-none-any.whl'
  const a1 = 'a-1.0-py3-none-any.whl'

  test('a page: the metadata of the newest wheel that fits, then the wheel', () => {
    const guesses = page('a', [
      [a1],
      [a2],
      ['a-2.0.tar.gz'],
      ['a-3.0-py3-none-any.whl', { 'requires-python': '>=3.12' }],
      ['a-4.0rc1-py3-none-any.whl'],
      ['a-5.0-py3-none-any.whl', { yanked: true }],
      ['a-6.0-cp312-cp312-win_amd64.whl'],
    ])
    expect(words(guesses)).toEqual([`a/${a2}.metadata`, `a/${a2}`])
    expect(guesses[1]?.delayMs).toBeGreaterThan(0)
  })

  test('nothing, where the newest version has only a source distribution, or the machine is not known', () => {
    expect(page('a', [[a1], ['a-2.0.tar.gz']])).toEqual([])
    foresight = createPypiForesight({ ecosystem, now: () => nowMs })
    foresight.sawClient('curl/8')
    expect(page('a', [[a2]])).toEqual([])
  })

  test('a large wheel waits for the interest of its client', () => {
    expect(words(page('a', [[a2, { size: 800_000_000 }]]))).toEqual([`a/${a2}.metadata`])
    expect(words([...foresight.asked(metadataOf('a', a2))])).toEqual([`a/${a2}`])
  })

  test('metadata: the pages of what it requires, and on from there without the client', () => {
    page('a', [[a2]])
    const guesses = metadata('a', a2, ['b>=1,<2', 'c; extra == "x"', "d; sys_platform == 'win32'", 'corp-x'])
    expect(words(guesses)).toEqual(['b/'])
    expect(words(page('b', [['b-1.5-py3-none-any.whl'], ['b-2.0-py3-none-any.whl']], false))).toEqual([
      'b/b-1.5-py3-none-any.whl.metadata',
      'b/b-1.5-py3-none-any.whl',
    ])
    expect(words(metadata('b', 'b-1.5-py3-none-any.whl', ['e'], false))).toEqual(['e/'])
  })

  test('a requirement that comes later takes another version, and the first is given up', () => {
    const first = page('b', [['b-1.5-py3-none-any.whl'], ['b-2.0-py3-none-any.whl']])
    expect(still(first)).toContain('b/b-2.0-py3-none-any.whl')
    page('a', [[a2]])
    expect(words(metadata('a', a2, ['b<2']))).toEqual([
      'b/b-1.5-py3-none-any.whl.metadata',
      'b/b-1.5-py3-none-any.whl',
    ])
    expect(still(first)).toEqual([])
  })

  test('an extra that comes later brings what it requires', () => {
    page('b', [['b-1.0-py3-none-any.whl']])
    expect(metadata('b', 'b-1.0-py3-none-any.whl', ['z; extra == "fast"'])).toEqual([])
    page('a', [[a2]])
    expect(words(metadata('a', a2, ['b[fast]']))).toEqual(['z/'])
  })

  test('what the client chose stands', () => {
    page('b', [['b-1.5-py3-none-any.whl'], ['b-2.0-py3-none-any.whl']])
    foresight.asked(metadataOf('b', 'b-1.5-py3-none-any.whl'))
    page('a', [[a2]])
    expect(words(metadata('a', a2, ['b>1']))).toEqual([])
  })

  test('without announced metadata the wheel itself tells what it requires', () => {
    const guesses = page('a', [[a2, { 'core-metadata': false }]])
    expect(words(guesses)).toEqual([`a/${a2}`])
    const [{ resource } = { resource: undefined }] = guesses
    if (resource === undefined) throw new Error('no wheel')
    expect(foresight.digest?.(resource)?.transform).toEqual({
      name: 'pypi.metadata',
      params: { project: 'a' },
    })
    const zip = writeTestZip([
      { name: 'a-2.0.dist-info/METADATA', content: 'Metadata-Version: 2.1\nRequires-Dist: b\n\n' },
    ])
    const made =
      pypiTransforms['pypi.metadata']?.({ body: zip, beside: undefined, params: { project: 'a' } }) ?? []
    expect(words([...foresight.arrived(resource, Buffer.concat([...made]), true)])).toEqual(['b/'])
  })

  test('a wheel whose metadata is announced, or that nobody picked, is not looked into', () => {
    page('a', [[a2]])
    const wheel = (file: string) =>
      ecosystem.fileOf({ kind: 'file', project: 'a', route: sha, file, part: 'file' })
    expect(foresight.digest?.(wheel(a2))).toBeUndefined()
    page('c', [['c-1.0-py3-none-any.whl', { 'core-metadata': false }]])
    expect(foresight.digest?.(wheel(a1))).toBeUndefined()
    expect([...foresight.arrived(wheel(a2), Buffer.from('Requires-Dist: b\n'), true)]).toEqual([])
  })

  test('a wheel of another machine changes nothing', () => {
    const own = 'a-2.0-cp311-cp311-manylinux_2_17_x86_64.whl'
    const other = 'a-2.0-cp311-cp311-macosx_11_0_arm64.whl'
    const guesses = page('a', [
      [own, { 'core-metadata': false }],
      [other, { 'core-metadata': false }],
    ])
    foresight.asked(ecosystem.fileOf({ kind: 'file', project: 'a', route: sha, file: other, part: 'file' }))
    expect(still(guesses)).toEqual([`a/${own}`])
  })

  test('circles of requirements end', () => {
    page('a', [[a2]])
    expect(words(metadata('a', a2, ['b']))).toEqual(['b/'])
    page('b', [['b-1.0-py3-none-any.whl']], false)
    expect(words(metadata('b', 'b-1.0-py3-none-any.whl', ['a'], false))).toEqual([])
  })

  test('metadata that nobody picked is passed over', () => {
    expect(metadata('a', a1, ['b'])).toEqual([])
  })

  test('after a while it is another installation', () => {
    page('a', [[a2]])
    foresight.asked(ecosystem.pageOf('x'))
    nowMs += 60_000
    foresight.asked(ecosystem.pageOf('x'))
    expect(words(page('a', [[a2]]))).toHaveLength(2)
  })

  test('private names are never foreseen from', () => {
    expect([...foresight.asked(metadataOf('corp-x', 'corp_x-1.0-py3-none-any.whl'))]).toEqual([])
    expect(page('corp-x', [['corp_x-1.0-py3-none-any.whl']])).toEqual([])
  })
})
