import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { ZipFault } from '../go/zip/zip-source.ts'
import { JsonFault } from '../json-scan.ts'
import { startTags } from './html-tags.ts'
import { PageFault } from './page-file.ts'
import { pypiChecks, pypiTransforms } from './pypi-transforms.ts'

const check = (name: string, body: string | Uint8Array) =>
  pypiChecks[name]?.(typeof body === 'string' ? Buffer.from(body) : body, { project: 'demo' })

describe('a page of the project', () => {
  for (const body of [
    '{"meta":{},"name":"demo","files":[]}',
    '\ufeff {"name":"DEMO","files":[]}',
    '{"files":[{"filename":"demo-1.0.tar.gz","url":"x","hashes":{}}]}',
    '<a href="demo-1.0.tar.gz">demo</a>',
    '<a href="other-1.0.tar.gz">other</a><a href="De.Mo-1.0.tar.gz">x</a><a href="Demo-1.0-py3-none-any.whl">y</a>',
    '<title>Links for demo</title><a href="other-1.0.tar.gz">other</a>',
    '<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="1.0"></head></html>',
    '<html><head><title>Links for demo</title></head><body></body></html>',
    '<html><title>Index of /demo/</title><a href="../">../</a></html>',
  ])
    test(`${body.slice(0, 60)} is one`, () => expect(check('pypi.page', body)).toEqual({ verdict: 'sound' }))

  for (const [body, why] of [
    [
      '<html><head><title>Sign in</title></head><form action="/login"></form></html>',
      'a web page instead of an index',
    ],
    [
      '<html><body>Access denied by the firewall. <a href="/help">Help</a></body></html>',
      'a web page instead of an index',
    ],
    [
      '<html><title>Sign in</title>Install <a href="/dl/VPN-Client.exe">this</a> and <a href="/demo.zip">that</a>',
      'a web page instead of an index',
    ],
    ['', 'neither JSON nor HTML'],
    ['404 not found', 'neither JSON nor HTML'],
    ['{"name":"other","files":[]}', 'it is the page of "other"'],
    ['{"message":"quota"}', 'it has no files'],
    ['{"files":{}}', 'its files are no list'],
    ['{"files":[{"filename":"a/b.whl","url":"x"}]}', 'it lists a file that cannot be: "a/b.whl"'],
    ['<a href="..%2Fb.whl">', 'it lists a file that cannot be'],
    ['<a href="a%00b.whl">', 'it lists a file that cannot be'],
    ['{"name":"demo","files":[', 'it is no JSON'],
    ['<html><a href="demo-1.0.tar.gz', 'an attribute has no end'],
    ['<html><a href="demo-1.0.tar.gz" ', 'a tag has no end'],
  ] as const)
    test(`${JSON.stringify(body.slice(0, 60))} is none`, () => {
      const verdict = check('pypi.page', body)
      expect(verdict).toMatchObject({ verdict: 'wrong' })
      expect(verdict !== undefined && 'reason' in verdict ? verdict.reason : '').toContain(why)
    })
})

test('a list of projects', () => {
  expect(check('pypi.projects', '{"projects":[]}')).toEqual({ verdict: 'sound' })
  expect(check('pypi.projects', '<a href="foo/">foo</a>')).toEqual({ verdict: 'sound' })
  expect(check('pypi.projects', '{"files":[]}')).toMatchObject({ verdict: 'wrong' })
  expect(check('pypi.projects', '<form><a href="login/">x</a></form>')).toMatchObject({ verdict: 'wrong' })
})

test("the JSON API's answer", () => {
  expect(check('pypi.project', '{"info":{"name":"Demo"},"urls":[]}')).toEqual({ verdict: 'sound' })
  expect(check('pypi.project', '{"info":{"name":"other"}}')).toMatchObject({ verdict: 'wrong' })
  expect(check('pypi.project', '{"message":"x"}')).toMatchObject({ verdict: 'wrong' })
  expect(check('pypi.project', '<html></html>')).toMatchObject({ verdict: 'wrong' })
})

describe('hostile bodies', () => {
  test('every check and every transform ends with a verdict or a fault', () => {
    const part = fc.oneof(
      fc.constantFrom(
        '<a href="',
        '">',
        "'",
        '<',
        '>',
        '=',
        '<!--',
        '-->',
        '<script>',
        '</script>',
        '<base href=x>',
        '&#x41;',
        '&amp',
        '\0',
        '\xff',
        'demo-1.whl',
        '#sha256=',
        ' ',
        '/',
        '<meta name=',
        '<title>',
      ),
      fc.constantFrom(
        '{"files":[',
        '{"filename":"a.whl","url":"x"}',
        ']',
        '}',
        ',',
        '"url":',
        '"',
        '\\',
        '{',
      ),
      fc.string({ maxLength: 5 }),
    )
    fc.assert(
      fc.property(fc.constantFrom('{', '<'), fc.array(part, { maxLength: 20 }), (first, parts) => {
        const body = Buffer.from(first + parts.join(''), 'latin1')
        for (const one of Object.values(pypiChecks)) {
          expect(['sound', 'wrong']).toContain(one(body, { project: 'demo' }).verdict)
        }
        for (const transform of Object.values(pypiTransforms)) {
          try {
            for (const piece of transform({
              body,
              beside: undefined,
              params: { project: 'demo', base: '' },
            })) {
              expect(piece.length).toBeGreaterThan(0)
            }
          } catch (error) {
            const isExpected = [PageFault, JsonFault, ZipFault].some((kind) => error instanceof kind)
            if (!isExpected) throw error
          }
        }
      }),
      { numRuns: 1_500 },
    )
  })

  test('HTML of an absurd size is refused before it is read', () => {
    const body = Buffer.alloc((64 << 20) + 1, '<a href="demo-1.0.tar.gz">')
    expect(check('pypi.page', body)).toMatchObject({ verdict: 'wrong' })
    expect(check('pypi.projects', body)).toMatchObject({ verdict: 'wrong' })
  })

  test('a rewritten page passes the check that its source passed', () => {
    const name = fc.constantFrom('demo-1.0.tar.gz', 'demo-2-py3-none-any.whl', 'demo-1&2.zip', "d'emo-1.zip")
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.string())), (files) => {
        const body = Buffer.from(
          JSON.stringify({
            name: 'demo',
            files: files.map(([filename, yanked]) => ({ filename, url: 'u', hashes: {}, yanked })),
          }),
        )
        const html = Buffer.concat([
          ...(pypiTransforms['pypi.html']?.({ body, beside: undefined, params: { project: 'demo' } }) ?? []),
        ])
        expect(check('pypi.page', html)).toEqual({ verdict: 'sound' })
        const hrefs = [...startTags(html.toString('latin1'), new Set(['a']))]
        expect(hrefs).toHaveLength(files.length)
      }),
      { numRuns: 200 },
    )
  })

  test('work grows with the size of the page, not with its square', () => {
    // Quadratic work on 4 MB would not end within the runner's time limit.
    const size = 4 << 20
    for (const piece of [
      '<',
      '<a ',
      '<a href',
      '<a href=x ',
      '<!--',
      '<b ',
      '<script>',
      '<a href="x">',
      '<title>',
      "<a '",
      '<a = ',
    ]) {
      const page = piece.repeat(Math.floor(size / piece.length))
      try {
        for (const _ of startTags(page, new Set(['a'])));
      } catch (error) {
        if (!(error instanceof PageFault)) throw error
      }
    }
    expect(check('pypi.page', `{"a":${' '.repeat(size)}`)).toMatchObject({ verdict: 'wrong' })
  })
})
