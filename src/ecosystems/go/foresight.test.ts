import { beforeEach, describe, expect, test } from 'bun:test'
import type { Foresight, Likely, Resource } from '../ecosystem.ts'
import { createGoForesight } from './foresight.ts'
import { createGoEcosystem } from './go-ecosystem.ts'
import type { ModuleVersion } from './go-mod.ts'

const never = () => false
const ecosystem = createGoEcosystem({
  ttl: { listMs: 1, latestMs: 1, queryMs: 1, missMs: 1, treeHeadMs: 1 },
  onOutage: 'error',
  isPrivate: never,
  isUnlisted: never,
  sumdb: undefined,
  checkZipForm: () => Promise.reject(new Error('no zip is looked at here')),
})

function resourceAt(path: string): Resource | undefined {
  const asked = ecosystem.parse(path)
  return asked.kind === 'resource' ? asked.resource : undefined
}

function resource(file: string): Resource {
  const [, name = '', extension = ''] = /^(.*)\.(list|info|mod|zip)$/.exec(file) ?? []
  const at = name.indexOf('@')
  const path =
    extension === 'list' ? `/${name}/@v/list` : `/${name.slice(0, at)}/@v/${name.slice(at + 1)}.${extension}`
  const found = resourceAt(path)
  if (found === undefined) throw new Error(`${path} is no resource`)
  return found
}

let nowMs: number
let foresight: Foresight
beforeEach(() => {
  nowMs = 1_000_000
  foresight = createGoForesight({ resourceAt, now: () => nowMs })
})

const short = ({ resource: { key } }: Likely) => key.replace(/^go\//, '').replace('/@v/', '@')
const asked = (file: string) => [...foresight.asked(resource(file))]
const words = (guesses: readonly Likely[]) => guesses.map(short)

/** The `.mod` of `m@v1.0.0` is at hand; `requires` are `path@version`. */
function arrived(file: string, go: string | undefined, requires: readonly string[], wanted = true): Likely[] {
  const lines = [
    `module ${file.slice(0, file.indexOf('@'))}`,
    ...(go === undefined ? [] : [`go ${go}`]),
    ...requires.map((required) => `require ${required.replace('@', ' ')}`),
  ]
  return [
    ...foresight.arrived(resource(`${file}.mod`), new TextEncoder().encode(`${lines.join('\n')}\n`), wanted),
  ]
}

/** What the engine would still fetch of these guesses. */
const stillLikely = (guesses: readonly Likely[]) =>
  words(guesses.filter((likely) => likely.stillLikely?.() !== false))

describe('after a request', () => {
  test('.mod makes its .info and .zip likely, but not before better knowledge can come in', () => {
    const guesses = asked('a.example/m@v1.0.0.mod')
    expect(words(guesses)).toEqual(['a.example/m@v1.0.0.info', 'a.example/m@v1.0.0.zip'])
    expect(guesses.every(({ delayMs }) => delayMs > 0)).toBe(true)
  })

  test('.info makes .zip and .mod likely at once', () => {
    const guesses = asked('a.example/m@v1.0.0.info')
    expect(guesses.map((likely) => [short(likely), likely.delayMs])).toEqual([
      ['a.example/m@v1.0.0.zip', 0],
      ['a.example/m@v1.0.0.mod', 0],
    ])
  })

  test.each(['a.example/m@v1.0.0.zip', 'a.example/m.list'])('%s says nothing more', (file) => {
    expect(asked(file)).toEqual([])
  })

  test('the .mod of a version below the highest one is only read, not built with', () => {
    asked('a.example/m@v1.5.0.mod')
    expect(asked('a.example/m@v1.0.0.mod')).toEqual([])
  })

  test('upper case stays what it is', () => {
    expect(words(asked('a.example/!m@v1.0.0-!r!c1.mod'))).toContain('a.example/!m@v1.0.0-!r!c1.zip')
    expect(words(arrived('a.example/n@v1.0.0', '1.21', ['a.example/Qure@v1.0.0']))).toEqual([
      'a.example/!qure@v1.0.0.mod',
    ])
  })
})

describe('minimal version selection', () => {
  test('what a higher requirement displaces is no longer likely', () => {
    const low = arrived('a.example/m@v1.0.0', '1.21', ['a.example/x@v1.2.0'])
    const high = arrived('a.example/n@v1.0.0', '1.21', ['a.example/x@v1.10.0'])
    expect(stillLikely(low)).toEqual([])
    expect(stillLikely(high)).toEqual(['a.example/x@v1.10.0.mod'])
  })

  test('a lower requirement displaces nothing', () => {
    const high = arrived('a.example/n@v1.0.0', '1.21', ['a.example/x@v1.10.0'])
    expect(arrived('a.example/m@v1.0.0', '1.21', ['a.example/x@v1.9.0'])).toEqual([])
    expect(stillLikely(high)).toEqual(['a.example/x@v1.10.0.mod'])
  })

  test('a zip that waits goes when a higher version is required meanwhile', () => {
    const guesses = asked('a.example/x@v1.0.0.mod')
    expect(stillLikely(guesses)).toHaveLength(2)
    arrived('a.example/n@v1.0.0', '1.21', ['a.example/x@v1.1.0'])
    expect(stillLikely(guesses)).toEqual([])
  })

  test('major versions are modules of their own', () => {
    arrived('a.example/m@v1.0.0', '1.21', ['a.example/x@v1.9.0'])
    expect(words(arrived('a.example/n@v1.0.0', '1.21', ['a.example/x/v2@v2.0.0']))).toEqual([
      'a.example/x/v2@v2.0.0.mod',
    ])
  })
})

describe('a pruned graph (go 1.17 and later)', () => {
  test.each(['1.17', '1.21.3', '1.100', '2.0'])('go %s: only what the client wanted is followed', (go) => {
    expect(words(arrived('a.example/m@v1.0.0', go, ['a.example/x@v1.0.0']))).toEqual([
      'a.example/x@v1.0.0.mod',
    ])
    expect(arrived('a.example/x@v1.0.0', '1.21', ['a.example/y@v1.0.0'], false)).toEqual([])
  })

  test('once the client wants it, it is followed', () => {
    arrived('a.example/m@v1.0.0', '1.21', ['a.example/x@v1.0.0'])
    arrived('a.example/x@v1.0.0', '1.21', ['a.example/y@v1.0.0'], false)
    expect(words(arrived('a.example/x@v1.0.0', '1.21', ['a.example/y@v1.0.0']))).toEqual([
      'a.example/y@v1.0.0.mod',
    ])
  })
})

describe('what a release is known to require', () => {
  beforeEach(() => {
    const require = [
      { path: 'a.example/x', version: 'v1.2.0' },
      { path: 'a.example/y', version: 'v1.0.0' },
    ]
    foresight = createGoForesight({
      resourceAt,
      now: () => nowMs,
      releases: (path) => (path === 'a.example/m' ? [{ version: 'v1.0.0', require }] : []),
    })
  })
  const ahead = ['a.example/x@v1.2.0.mod', 'a.example/y@v1.0.0.mod']
  const mods = (guesses: readonly Likely[]) => words(guesses).filter((word) => word.endsWith('.mod'))

  test('follows when it is asked for, and not again when its file is at hand', () => {
    expect(mods(asked('a.example/m@v1.0.0.mod'))).toEqual(ahead)
    expect(arrived('a.example/m@v1.0.0', '1.21', ['a.example/x@v1.2.0', 'a.example/y@v1.0.0'])).toEqual([])
  })

  test('of another version says nothing', () => {
    expect(mods(asked('a.example/m@v1.1.0.mod'))).toEqual([])
  })

  test('does not follow where a higher version is known', () => {
    asked('a.example/x@v1.3.0.mod')
    expect(mods(asked('a.example/m@v1.0.0.mod'))).toEqual(['a.example/y@v1.0.0.mod'])
  })

  test('below an unpruned module is followed like its file', () => {
    asked('a.example/k@v1.0.0.mod')
    arrived('a.example/k@v1.0.0', '1.16', ['a.example/m@v1.0.0'])
    expect(mods(asked('a.example/m@v1.0.0.mod'))).toEqual(ahead)
  })
})

describe('an unpruned graph', () => {
  test.each(['1.16', '1.9', '1.2', undefined])('go %s: everything below is followed, pruned or not', (go) => {
    arrived('a.example/m@v1.0.0', go, ['a.example/x@v1.0.0'])
    expect(words(arrived('a.example/x@v1.0.0', '1.21', ['a.example/y@v1.0.0'], false))).toEqual([
      'a.example/y@v1.0.0.mod',
    ])
    expect(words(arrived('a.example/y@v1.0.0', '1.21', ['a.example/z@v1.0.0'], false))).toEqual([
      'a.example/z@v1.0.0.mod',
    ])
  })

  test('its .mod files are loaded whatever is selected', () => {
    arrived('a.example/n@v1.0.0', '1.21', ['a.example/x@v1.9.0'])
    const below = arrived('a.example/m@v1.0.0', '1.16', ['a.example/x@v1.0.0'])
    expect(stillLikely(below)).toEqual(['a.example/x@v1.0.0.mod'])
  })

  test('a circle is followed once', () => {
    arrived('a.example/m@v1.0.0', '1.16', ['a.example/x@v1.0.0'])
    const round = ['a.example/m@v1.0.0', 'a.example/x@v1.0.0']
    expect(arrived('a.example/x@v1.0.0', '1.16', round, false)).toHaveLength(1)
    expect(arrived('a.example/m@v1.0.0', '1.16', ['a.example/x@v1.0.0'], false)).toEqual([])
    expect(arrived('a.example/x@v1.0.0', '1.16', round, false)).toEqual([])
  })

  test('reaches below a pruned module whose go.mod was here before', () => {
    arrived('a.example/x@v1.0.0', '1.21', ['a.example/y@v1.0.0'])
    arrived('a.example/m@v1.0.0', '1.16', ['a.example/x@v1.0.0'])
    expect(words(arrived('a.example/y@v1.0.0', '1.21', ['a.example/z@v1.0.0'], false))).toEqual([
      'a.example/z@v1.0.0.mod',
    ])
  })
})

describe('what is known of published versions', () => {
  const chain: Readonly<Record<string, string>> = {
    'a.example/x@v1.2.0': 'a.example/y@v1.1.0',
    'a.example/y@v1.1.0': 'a.example/x@v1.0.0',
    'a.example/x@v1.0.0': 'a.example/x@v1.2.0',
  }
  beforeEach(() => {
    const published = ({ path, version }: ModuleVersion) =>
      (chain[`${path}@${version}`]?.split(' ') ?? []).map((id) => {
        const [next = '', at = ''] = id.split('@')
        return { path: next, version: at }
      })
    foresight = createGoForesight({ resourceAt, published, now: () => nowMs })
  })

  test('a whole chain below an unpruned module follows at once, each of it once', () => {
    expect(words(arrived('a.example/m@v1.0.0', '1.16', ['a.example/x@v1.2.0']))).toEqual([
      'a.example/x@v1.2.0.mod',
      'a.example/y@v1.1.0.mod',
      'a.example/x@v1.0.0.mod',
    ])
    expect(arrived('a.example/x@v1.2.0', '1.21', ['a.example/y@v1.1.0'], false)).toEqual([])
  })

  test('says nothing below a pruned module, where no client would look', () => {
    expect(words(arrived('a.example/m@v1.0.0', '1.21', ['a.example/x@v1.2.0']))).toEqual([
      'a.example/x@v1.2.0.mod',
    ])
  })

  test('what a go.mod at hand says goes before it', () => {
    arrived('a.example/x@v1.2.0', '1.21', ['a.example/z@v1.0.0'])
    expect(words(arrived('a.example/m@v1.0.0', '1.16', ['a.example/x@v1.2.0']))).toEqual([
      'a.example/x@v1.2.0.mod',
      'a.example/z@v1.0.0.mod',
    ])
  })
})

describe('an unpruned graph whose files came before their turn', () => {
  test('below a file that nobody had asked for, as soon as it is known to be needed', () => {
    arrived('a.example/l@v1.0.0', '1.21', ['a.example/x@v1.0.0'])
    expect(arrived('a.example/x@v1.0.0', '1.21', ['a.example/y@v1.0.0'], false)).toEqual([])
    expect(words(arrived('a.example/m@v1.0.0', '1.16', ['a.example/x@v1.0.0']))).toEqual([
      'a.example/x@v1.0.0.mod',
      'a.example/y@v1.0.0.mod',
    ])
  })

  test('is followed once its own file is asked for, not while that is only likely', () => {
    arrived('a.example/l@v1.0.0', '1.21', ['a.example/x@v1.0.0'])
    expect(arrived('a.example/x@v1.0.0', '1.16', ['a.example/y@v1.0.0'], false)).toEqual([])
    asked('a.example/x@v1.0.0.mod')
    expect(words(arrived('a.example/x@v1.0.0', '1.16', ['a.example/y@v1.0.0']))).toEqual([
      'a.example/y@v1.0.0.mod',
    ])
  })
})

describe('the order of the requests', () => {
  /** The client has asked for `m` of a main module whose requirements are asked for by path. */
  const upTo = (name: string) => asked(`a.example/${name}@v1.0.0.mod`)

  test('what stands before the latest request is no requirement of the main module', () => {
    upTo('k')
    expect(
      words(arrived('a.example/k@v1.0.0', '1.21', ['a.example/c@v1.0.0', 'a.example/x@v1.0.0'])),
    ).toEqual(['a.example/x@v1.0.0.mod'])
  })

  test('what still waits is dropped when the requests have passed it', () => {
    upTo('a')
    const guesses = arrived('a.example/a@v1.0.0', '1.21', ['a.example/c@v1.0.0', 'a.example/x@v1.0.0'])
    upTo('k')
    expect(stillLikely(guesses)).toEqual(['a.example/x@v1.0.0.mod'])
  })

  test('what is below an unpruned module is needed wherever it stands', () => {
    upTo('k')
    expect(stillLikely(arrived('a.example/k@v1.0.0', '1.16', ['a.example/c@v1.0.0']))).toEqual([
      'a.example/c@v1.0.0.mod',
    ])
  })

  test('a request for what is below an unpruned module says nothing of the order', () => {
    upTo('b')
    arrived('a.example/b@v1.0.0', '1.16', ['a.example/z@v1.0.0'])
    upTo('z')
    expect(words(arrived('a.example/b@v1.0.1', '1.21', ['a.example/c@v1.0.0']))).toEqual([
      'a.example/c@v1.0.0.mod',
    ])
  })

  test('the zip of what was asked for is wanted however far the requests are', () => {
    const guesses = upTo('b')
    upTo('k')
    expect(stillLikely(guesses)).toHaveLength(2)
  })

  test('three requests for what was passed over: it is no guide, and the rest of it follows', () => {
    const names = ['b', 'c', 'd', 'e', 'f']
    const requires = names.map((name) => `a.example/${name}@v1.0.0`)
    upTo('k')
    expect(arrived('a.example/k@v1.0.0', '1.21', requires)).toEqual([])
    const mods = (guesses: readonly Likely[]) => words(guesses).filter((file) => file.endsWith('.mod'))
    expect([mods(upTo('b')), mods(upTo('c'))]).toEqual([[], []])
    expect(mods(upTo('d'))).toEqual(['a.example/e@v1.0.0.mod', 'a.example/f@v1.0.0.mod'])
    expect(words(arrived('a.example/l@v1.0.0', '1.21', ['a.example/a@v1.0.0']))).toEqual([
      'a.example/a@v1.0.0.mod',
    ])
  })

  test('starts again with the next build', () => {
    upTo('k')
    asked('a.example/k@v1.0.0.info')
    expect(words(arrived('a.example/k@v1.0.0', '1.21', ['a.example/c@v1.0.0']))).toEqual([
      'a.example/c@v1.0.0.mod',
    ])
  })
})

describe('what no go.mod names', () => {
  const list = (file: string, versions: readonly string[]) => [
    ...foresight.arrived(resource(`${file}.list`), new TextEncoder().encode(versions.join('\n')), false),
  ]
  beforeEach(() => {
    foresight = createGoForesight({
      resourceAt,
      companions: (path) => (path === 'a.example/perks' ? ['a.example/prometheus'] : []),
      now: () => nowMs,
    })
    asked('a.example/a@v1.0.0.mod')
  })

  test('is found through a well-known module: its list, its go.mod, what that requires', () => {
    expect(words(asked('a.example/perks@v1.0.0.mod'))).toContain('a.example/prometheus@list')
    expect(words(list('a.example/prometheus', ['v1.0.0', 'v1.1.0']))).toEqual([
      'a.example/prometheus@v1.1.0.mod',
    ])
    const requires = ['a.example/perks@v1.0.0', 'a.example/procfs@v0.9.0']
    expect(words(arrived('a.example/prometheus@v1.1.0', '1.21', requires, false))).toEqual([
      'a.example/procfs@v0.9.0.mod',
    ])
  })

  test('does not take the place of what is known', () => {
    asked('a.example/perks@v1.0.0.mod')
    list('a.example/prometheus', ['v1.1.0'])
    const requires = ['a.example/perks@v1.0.0', 'a.example/procfs@v0.9.0']
    const guessed = arrived('a.example/prometheus@v1.1.0', '1.21', requires, false)
    const certain = arrived('a.example/perks@v1.0.0', '1.21', ['a.example/procfs@v0.8.0'])
    expect(stillLikely([...guessed, ...certain])).toEqual([
      'a.example/procfs@v0.9.0.mod',
      'a.example/procfs@v0.8.0.mod',
    ])
  })

  test('stands in the queue for what is certain by now, whatever the order says', () => {
    asked('a.example/perks@v1.0.0.mod')
    list('a.example/prometheus', ['v1.1.0'])
    const requires = ['a.example/perks@v1.0.0', 'a.example/procfs@v0.9.0']
    const guessed = arrived('a.example/prometheus@v1.1.0', '1.21', requires, false)
    arrived('a.example/perks@v1.0.0', '1.16', ['a.example/procfs@v0.9.0'])
    asked('a.example/z@v1.0.0.mod')
    expect(stillLikely(guessed)).toEqual(['a.example/procfs@v0.9.0.mod'])
  })

  test('does not keep an unpruned graph from being followed', () => {
    asked('a.example/perks@v1.0.0.mod')
    list('a.example/prometheus', ['v1.1.0'])
    arrived('a.example/perks@v1.0.0', '1.16', ['a.example/prometheus@v1.1.0'])
    const requires = ['a.example/perks@v1.0.0', 'a.example/procfs@v0.9.0']
    const guessed = arrived('a.example/prometheus@v1.1.0', '1.16', requires, false)
    asked('a.example/z@v1.0.0.mod')
    expect(stillLikely(guessed)).toContain('a.example/procfs@v0.9.0.mod')
  })

  test('is not looked for where the order of the requests tells nothing', () => {
    const requires = ['b', 'c', 'd'].map((name) => `a.example/${name}@v1.0.0`)
    asked('a.example/k@v1.0.0.mod')
    arrived('a.example/k@v1.0.0', '1.21', requires)
    for (const required of requires) asked(`${required}.mod`)
    expect(words(asked('a.example/perks@v1.0.0.mod'))).not.toContain('a.example/prometheus@list')
  })

  test('is not looked for once the client has all go.mod files', () => {
    asked('a.example/perks@v1.0.0.info')
    expect(arrived('a.example/a@v1.0.0', '1.21', ['a.example/perks@v1.0.0'])).toHaveLength(1)
  })
})

describe('a build', () => {
  test('is over after 30 s without a request: what it selected counts no more', () => {
    asked('a.example/x@v1.9.0.mod')
    nowMs += 30_000
    expect(asked('a.example/x@v1.0.0.mod')).toEqual([])
    nowMs += 30_001
    expect(asked('a.example/x@v1.0.0.mod')).toHaveLength(2)
  })

  test('what was followed in the last one is followed in the next', () => {
    asked('a.example/m@v1.0.0.mod')
    expect(arrived('a.example/m@v1.0.0', '1.21', ['a.example/x@v1.0.0'])).toHaveLength(1)
    nowMs += 30_001
    asked('a.example/m@v1.0.0.mod')
    expect(arrived('a.example/m@v1.0.0', '1.21', ['a.example/x@v1.0.0'])).toHaveLength(1)
  })
})

describe('whatever stands in a go.mod', () => {
  test.each([
    ['no go.mod', 'a page: <html>'],
    ['nothing', ''],
    ['a path that escapes', 'module a.example/m\nrequire ../../etc v1.0.0\n'],
    ['a version that is none', 'module a.example/m\nrequire a.example/x latest\n'],
    ['a query', 'module a.example/m\nrequire a.example/x master\n'],
    ['an address', 'module a.example/m\nrequire http://a.example/x v1.0.0\n'],
  ])('%s makes nothing likely', (_name, body) => {
    expect([
      ...foresight.arrived(resource('a.example/m@v1.0.0.mod'), new TextEncoder().encode(body), true),
    ]).toEqual([])
  })

  test('bodies of other kinds are not read', () => {
    const body = new TextEncoder().encode('module a.example/m\nrequire a.example/x v1.0.0\n')
    for (const file of ['a.example/m@v1.0.0.info', 'a.example/m.list', 'a.example/m@v1.0.0.zip']) {
      expect([...foresight.arrived(resource(file), body, true)]).toEqual([])
    }
  })
})
