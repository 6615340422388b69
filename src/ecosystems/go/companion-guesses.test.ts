import { beforeEach, describe, expect, test } from 'bun:test'
import type { Likely } from '../ecosystem.ts'
import { CompanionGuesses } from './companion-guesses.ts'
import type { Release } from './companion-releases.ts'
import type { ModuleVersion } from './go-mod.ts'

/** Who needs `b` uses `m`, who needs `c` uses `p`, who needs `d` uses `r`, of which releases are known. */
const known: Readonly<Record<string, readonly string[]>> = { b: ['m'], c: ['p', 'a'], d: ['r'], n: ['x'] }
const releases = new Map<string, readonly Release[]>([
  [
    'r',
    [
      release('v1.2.0', 'b@v1.1.0', 'd@v1.2.0', 'e@v1.0.0', 'f@v1.0.0', 's@v1.1.0'),
      release('v1.1.0', 'b@v1.0.0', 'd@v1.1.0', 'e@v1.0.0', 's@v1.0.0', 'n@v1.0.0'),
    ],
  ],
])

let latest: string
let guesses: CompanionGuesses
beforeEach(() => {
  latest = ''
  const guess = (file: string) => (_weight: number, stillLikely: () => boolean) =>
    [{ resource: { key: file }, weight: 0.5, delayMs: 0, stillLikely }] as unknown as readonly Likely[]
  guesses = new CompanionGuesses({
    isPast: (path) => path < latest,
    companionsOf: (path) => known[path] ?? [],
    releasesOf: (path) => releases.get(path) ?? [],
    list: (path, ...how) => guess(`${path} list`)(...how),
    goMod: ({ path, version }, ...how) => guess(`${path}@${version}`)(...how),
  })
})

const words = (likely: readonly Likely[]) => likely.map(({ resource }) => resource.key)
const stillLikely = (likely: readonly Likely[]) =>
  words(likely.filter((one) => one.stillLikely?.() !== false))
function module(id: string): ModuleVersion {
  const [path = '', version = ''] = id.split('@')
  return { path, version }
}
function release(version: string, ...require: string[]): Release {
  return { version, require: require.map(module) }
}
function asked(id: string, ofMain = true): readonly Likely[] {
  const { path } = module(id)
  if (ofMain && path > latest) latest = path
  return guesses.asked(module(id), ofMain)
}
const read = (id: string, ...require: string[]) => guesses.read(module(id), require.map(module))
/** The client has asked for `a` and `b`, and `m` was found to have the versions given. */
function lookedAtM(...versions: string[]) {
  asked('a@v1.0.0')
  asked('b@v1.0.0')
  return guesses.listed('m', versions)
}

describe('a companion is looked at', () => {
  test('when a second requirement comes that no go.mod named, also that of the first', () => {
    expect(words(asked('b@v1.0.0'))).toEqual([])
    expect(words(asked('c@v1.0.0'))).toEqual(['m list', 'p list'])
  })

  test('not when everything is named by what was asked for first', () => {
    asked('a@v1.0.0')
    expect(guesses.named(module('b@v1.0.0'))).toEqual([])
    expect(guesses.named(module('c@v1.0.0'))).toEqual([])
    expect(asked('b@v1.0.0')).toEqual([])
    expect(asked('c@v1.0.0')).toEqual([])
  })

  test('not for what is only below an unpruned module', () => {
    asked('a@v1.0.0')
    asked('aa@v1.0.0')
    expect(asked('b@v1.0.0', false)).toEqual([])
  })

  test('once', () => {
    asked('a@v1.0.0')
    expect(words(asked('b@v1.0.0'))).toEqual(['m list'])
    expect(asked('b@v1.1.0')).toEqual([])
  })

  test('unless the requests are past it', () => {
    asked('a@v1.0.0')
    asked('z@v1.0.0')
    expect(guesses.named(module('b@v1.0.0'))).toEqual([])
  })

  test('and no more when it is asked for before its turn', () => {
    asked('a@v1.0.0')
    const list = asked('b@v1.0.0')
    expect(stillLikely(list)).toEqual(['m list'])
    asked('m@v1.0.0')
    expect(stillLikely(list)).toEqual([])
  })
})

describe('its list', () => {
  test('leads to the go.mod of its newest release', () => {
    expect(words(lookedAtM('v1.2.0', 'v1.10.0', 'v2.0.0+incompatible', 'v1.11.0-rc.1'))).toEqual([
      'm@v1.10.0',
    ])
  })

  test('leads nowhere when that version is named already, or a higher one', () => {
    guesses.named(module('m@v1.10.0'))
    expect(lookedAtM('v1.10.0')).toEqual([])
    expect(words(guesses.listed('m', ['v1.11.0']))).toEqual(['m@v1.11.0'])
  })

  test('without a release leads nowhere', () => {
    expect(lookedAtM('v1.0.0-rc.1')).toEqual([])
  })

  test('of what nobody looks at says nothing', () => {
    lookedAtM('v1.0.0')
    expect(guesses.listed('m', ['v1.1.0'])).toEqual([])
    expect(guesses.listed('q', ['v1.0.0'])).toEqual([])
  })
})

describe('its go.mod', () => {
  beforeEach(() => {
    lookedAtM('v1.0.0')
  })

  test('makes likely what it requires, and nothing that this might lead to', () => {
    expect(words(read('m@v1.0.0', 'b@v1.0.0', 'n@v1.5.0', 'o@v1.0.0'))).toEqual(['n@v1.5.0', 'o@v1.0.0'])
  })

  test('of another version decides nothing', () => {
    expect(read('m@v0.9.0', 'b@v1.0.0', 'n@v1.5.0')).toEqual([])
  })

  test('fits in spite of little that the client passed without asking, as its tests may need', () => {
    expect(read('m@v1.0.0', 'aa@v1.0.0', 'b@v1.0.0', 'n@v1.5.0')).toEqual([])
    expect(words(read('m@v1.0.0', 'a@v1.0.0', 'aa@v1.0.0', 'b@v1.0.0', 'n@v1.5.0'))).toEqual(['n@v1.5.0'])
  })

  test('does not fit when it requires a higher version than was asked for', () => {
    asked('d@v1.0.0')
    expect(read('m@v1.0.0', 'b@v1.0.1', 'n@v1.5.0')).toEqual([])
  })

  test('fits with some lower versions, but not with nothing equal', () => {
    asked('d@v1.0.0')
    expect(words(read('m@v1.0.0', 'b@v0.9.0', 'n@v1.5.0'))).toEqual([])
    expect(words(read('m@v1.0.0', 'a@v1.0.0', 'b@v0.9.0', 'n@v1.5.0'))).toContain('n@v1.5.0')
  })

  test('is of no use once the client has asked for it', () => {
    asked('m@v0.8.0')
    expect(read('m@v1.0.0', 'b@v1.0.0', 'n@v1.5.0')).toEqual([])
  })
})

describe('known releases', () => {
  /** The client has asked for two that nothing names. */
  const begin = (...ids: string[]) => ids.flatMap((id) => [...asked(id)])

  test('the newest that fits is guessed at once, with all that lies ahead', () => {
    expect(words(begin('a@v1.0.0', 'd@v1.2.0'))).toEqual([])
    expect(words(asked('e@v1.0.0'))).toEqual(['r@v1.2.0', 'f@v1.0.0', 's@v1.1.0'])
  })

  test('an older one, where the newest requires more than was asked for', () => {
    expect(words(begin('b@v1.0.0', 'd@v1.1.0'))).toEqual([
      'm list',
      'r@v1.1.0',
      'e@v1.0.0',
      's@v1.0.0',
      'n@v1.0.0',
    ])
  })

  test('is guessed once', () => {
    begin('b@v1.0.0', 'd@v1.1.0')
    expect(asked('e@v1.0.0')).toEqual([])
  })

  test('none where all require more than was asked for: what is newer does too', () => {
    expect(words(begin('a@v1.0.0', 'd@v1.0.0', 'e@v1.0.0', 'f@v1.0.0'))).toEqual([])
  })

  test('where only their versions are too old, the list tells of newer ones', () => {
    begin('a@v1.0.0', 'b@v1.5.0')
    expect(words(asked('d@v1.5.0'))).toEqual(['r list'])
    expect(words(guesses.listed('r', ['v1.2.0', 'v1.3.0']))).toEqual(['r@v1.3.0'])
    expect(asked('e@v1.0.0')).toEqual([])
  })

  test('none when the client has passed the companion', () => {
    begin('a@v1.0.0', 'd@v1.2.0', 'z@v1.0.0')
    expect(asked('e@v1.0.0')).toEqual([])
  })

  test('are forgotten with the build', () => {
    begin('a@v1.0.0', 'd@v1.2.0')
    guesses.clear()
    latest = ''
    expect(asked('e@v1.0.0')).toEqual([])
  })
})

describe('what is guessed', () => {
  test('goes when it is asked for, passed, or named in no lower version', () => {
    lookedAtM('v1.0.0')
    const all = read('m@v1.0.0', 'b@v1.0.0', 'n@v1.5.0', 'o@v1.5.0', 'q@v1.5.0', 'r@v1.5.0').filter(
      ({ resource }) => resource.key.includes('@'),
    )
    guesses.named(module('q@v1.5.0'))
    guesses.named(module('r@v1.4.0'))
    expect(stillLikely(all)).toEqual(['n@v1.5.0', 'o@v1.5.0', 'r@v1.5.0'])
    asked('n@v1.6.0')
    expect(stillLikely(all)).toEqual(['o@v1.5.0', 'r@v1.5.0'])
    asked('p@v1.0.0')
    expect(stillLikely(all)).toEqual(['r@v1.5.0'])
  })

  test('is guessed in a second version only if that is higher', () => {
    lookedAtM('v1.0.0')
    read('m@v1.0.0', 'b@v1.0.0', 'o@v1.5.0')
    expect(read('m@v1.0.0', 'b@v1.0.0', 'o@v1.5.0')).toEqual([])
    expect(words(read('m@v1.0.0', 'b@v1.0.0', 'o@v1.6.0'))).toEqual(['o@v1.6.0'])
  })

  test('is forgotten with the build', () => {
    lookedAtM('v1.0.0')
    guesses.clear()
    latest = ''
    expect(read('m@v1.0.0', 'b@v1.0.0', 'n@v1.5.0')).toEqual([])
    asked('a@v1.0.0')
    expect(words(asked('b@v1.0.0'))).toEqual(['m list'])
  })
})

test('no more than sixty companions are looked at in one build', () => {
  const many = new CompanionGuesses({
    isPast: () => false,
    companionsOf: (path) => [`companion-of-${path}`],
    releasesOf: () => [],
    list: (path) => [{ resource: { key: path }, weight: 1, delayMs: 0 }] as unknown as readonly Likely[],
    goMod: () => [],
  })
  const looked = Array.from({ length: 100 }, (_, at) => many.asked(module(`m${at}@v1.0.0`), true))
  expect(looked.flat()).toHaveLength(60)
})
