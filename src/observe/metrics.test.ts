import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Histogram } from './histogram.ts'
import { MetricRegistry } from './metrics.ts'

describe('MetricRegistry', () => {
  test('renders families by name and children by label, whatever the order of use', () => {
    const registry = new MetricRegistry()
    const requests = registry.counters('p_requests_total', 'Requests.', ['ecosystem', 'outcome'])
    registry.observe('p_objects', 'gauge', 'Objects.', () => 7)
    const started = registry.counter('p_a_total', 'First by name.')
    requests.with('go', 'stale').inc()
    requests.with('go', 'hit').inc(41)
    requests.with('go', 'hit').inc()
    started.inc(2.5)
    expect(registry.render()).toBe(`# HELP p_a_total First by name.
# TYPE p_a_total counter
p_a_total 2.5
# HELP p_objects Objects.
# TYPE p_objects gauge
p_objects 7
# HELP p_requests_total Requests.
# TYPE p_requests_total counter
p_requests_total{ecosystem="go",outcome="hit"} 42
p_requests_total{ecosystem="go",outcome="stale"} 1
`)
  })

  test('a child is one object, however often it is asked for', () => {
    const family = new MetricRegistry().counters('p_x_total', 'X.', ['a', 'b'])
    expect(family.with('1', '2')).toBe(family.with('1', '2'))
    expect(family.with('1', '2')).not.toBe(family.with('2', '1'))
    expect(family.with('a",b="c', 'd')).not.toBe(family.with('a', 'c",b="d'))
  })

  test('escapes help and label values', () => {
    const registry = new MetricRegistry()
    registry.counters('p_x_total', 'back\\slash\nline "quoted"', ['v']).with('a\\b"c\nd').inc()
    expect(registry.render()).toBe(
      '# HELP p_x_total back\\\\slash\\nline "quoted"\n# TYPE p_x_total counter\np_x_total{v="a\\\\b\\"c\\nd"} 1\n',
    )
  })

  test('writes numbers that are none', () => {
    const registry = new MetricRegistry()
    const values = [Number.NaN, Infinity, -Infinity, 1e21, 0.1]
    registry.observe('p_v', 'gauge', 'V.', () => values.map((value, i) => ({ labels: { i: `${i}` }, value })))
    expect(registry.render().split('\n').slice(2, -1)).toEqual([
      'p_v{i="0"} NaN',
      'p_v{i="1"} +Inf',
      'p_v{i="2"} -Inf',
      'p_v{i="3"} 1e+21',
      'p_v{i="4"} 0.1',
    ])
  })

  test('values beyond the limit share one child', () => {
    const registry = new MetricRegistry()
    const family = registry.counters('p_x_total', 'X.', ['source'], 2)
    for (const source of ['a', 'b', 'c', 'd', 'a']) family.with(source).inc()
    expect(registry.render()).toContain(
      'p_x_total{source="_OTHER"} 2\np_x_total{source="a"} 2\np_x_total{source="b"} 1\n',
    )
  })

  test('refuses names that break the rules', () => {
    const registry = new MetricRegistry()
    registry.counter('p_x_total', 'X.')
    expect(() => registry.counter('p_x_total', 'X.')).toThrow('already')
    expect(() => registry.counter('p_y', 'Y.')).toThrow('_total')
    expect(() => registry.observe('p_y_total', 'gauge', 'Y.', () => 1)).toThrow('_total')
    expect(() => registry.counter('p-y_total', 'Y.')).toThrow('bad metric name')
    expect(() => registry.counters('p_z_total', 'Z.', ['a-b'])).toThrow('bad label')
    expect(() => registry.counters('p_w_total', 'W.', ['a']).with('1', '2')).toThrow('label values')
  })

  test('does not hide that a reading fails', () => {
    const registry = new MetricRegistry()
    registry.observe('p_v', 'gauge', 'V.', () => {
      throw new Error('store is closed')
    })
    expect(() => registry.render()).toThrow('store is closed')
  })
})

describe('Histogram', () => {
  test('is cumulative, and a value on a bound is within it', () => {
    const registry = new MetricRegistry()
    const family = registry.histograms('p_s_seconds', 'S.', ['e'], [0.1, 1])
    for (const value of [0.05, 0.1, 0.5, 7, Number.NaN]) family.with('go').observe(value)
    expect(registry.render()).toBe(`# HELP p_s_seconds S.
# TYPE p_s_seconds histogram
p_s_seconds_bucket{e="go",le="0.1"} 2
p_s_seconds_bucket{e="go",le="1"} 3
p_s_seconds_bucket{e="go",le="+Inf"} 4
p_s_seconds_sum{e="go"} 7.65
p_s_seconds_count{e="go"} 4
`)
  })

  test('refuses bounds that do not ascend', () => {
    expect(() => new Histogram([1, 1])).toThrow('ascend')
    expect(() => new Histogram([1, Infinity])).toThrow('ascend')
  })

  test('property: buckets never fall and end with the count', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -5, max: 5, noNaN: true })), (values) => {
        const histogram = new Histogram([-1, 0, 2])
        for (const value of values) histogram.observe(value)
        const buckets = histogram
          .samples('')
          .flatMap(({ suffix, value }) => (suffix === '_bucket' ? [value] : []))
        expect(buckets).toEqual([-1, 0, 2, Infinity].map((bound) => values.filter((v) => v <= bound).length))
      }),
    )
  })
})
