import { expect, test } from 'bun:test'
import { type Download, judge, type Line, type Round } from './cold-judge.ts'

const build = (seconds: number, ...files: readonly (readonly [path: string, bytes: number])[]): Download => ({
  seconds,
  requests: files.map(([path, bytes]) => ({ path, bytes, status: 200 })),
})

const needed = [
  ['a.example/!m/@v/v1.0.0.mod', 100],
  ['a.example/!m/@v/v1.0.0.zip', 900],
] as const

function round(over: Partial<Round> = {}): Round {
  return {
    direct: build(20, ['a.example/%21m/@v/v1.0.0.mod', 100], ['a.example/%21m/@v/v1.0.0.zip', 900]),
    cold: build(4.9, ...needed),
    warm: build(2),
    proved: build(5.5, ...needed, ['sumdb/sumdb.example/lookup/a.example/!m@v1.0.0', 300]),
    peers: {},
    ...over,
  }
}

const far: Line = { project: 'gin', roundTripMs: 200, processors: 2 }
const holds = (line: Line, over: Partial<Round> = {}) => judge(line, [round(over)])[0]?.holds

test('a cold build within all its bars holds', () => {
  expect(holds(far)).toBe(true)
})

test.each<[string, Line, Partial<Round>]>([
  ['more than a quarter of direct', far, { cold: build(5.1, ...needed), warm: build(4.9) }],
  [
    'more than a third with many processors',
    { ...far, processors: 8 },
    { cold: build(6.7, ...needed), warm: build(6) },
  ],
  ['3 s more than warm', far, { warm: build(1.8) }],
  ['slower than direct at 50 ms', { ...far, roundTripMs: 50 }, { cold: build(20.1, ...needed) }],
  ['1.5 times direct at 0 ms', { ...far, roundTripMs: 0 }, { cold: build(30.1, ...needed) }],
  ['a wasted share above 5 %', far, { cold: build(4.9, ...needed, ['a.example/x/@v/v1.0.0.zip', 51]) }],
  [
    'three requests a needed one',
    far,
    { cold: build(4.9, ...needed, ...needed, ['a.example/x/@v/v1.0.0.mod', 1]) },
  ],
])('%s is missed', (_what, line, over) => {
  expect(holds(line, over)).toBe(false)
})

test('the proof is judged against the same build without it', () => {
  expect(judge(far, [round()])[1]).toMatchObject({ figure: '1.12 × without', holds: true })
  expect(judge(far, [round({ proved: build(6) })])[1]).toMatchObject({ holds: false })
})

test('peers are shown, not judged', () => {
  const [, , peer] = judge(far, [round({ peers: { nginx: build(18) } })])
  expect(peer).toMatchObject({ figure: '0.90 × direct', holds: undefined })
})

test('medians of the rounds count', () => {
  const slow = round({ cold: build(15, ...needed) })
  expect(judge(far, [round(), slow, round()])[0]?.holds).toBe(true)
})
