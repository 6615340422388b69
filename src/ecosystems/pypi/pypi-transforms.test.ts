import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { findFile } from './files-map.ts'
import { scriptGuard } from './html-page.ts'
import { pypiChecks, pypiTransforms } from './pypi-transforms.ts'

const a = 'a1'.repeat(32)
const b = 'b2'.repeat(32)
const c = 'c3'.repeat(32)

function run(
  name: string,
  body: string | Uint8Array,
  params: Record<string, string> = { project: 'demo' },
): string {
  const transform = pypiTransforms[name]
  if (transform === undefined) throw new Error(`no transform ${name}`)
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  return Buffer.concat([...transform({ body: bytes, beside: undefined, params })]).toString()
}

const jsonPage = `{ "meta": {"_last-serial": 7, "api-version": "1.4", "future": [1, {"url": "keep"}]},
 "name": "Demo", "versions": ["1.0", "2.0"], "project-status": {"status": "archived", "reason": "<old>"},
 "files": [
  {"filename":"demo-1.0.tar.gz","hashes":{"sha256":"${a}"},"requires-python":">=3.8,<4","size":12345678901,
   "upload-time":"2024-01-02T03:04:05.678901Z","url":"https://files.example/packages/aa/bb/demo-1.0.tar.gz","yanked":"bad \\"one\\"",
   "gpg-sig": true, "provenance":"https://index.example/integrity/demo/1.0/provenance","_x": {"url": "keep me"}},
  {"url":"..\\/..\\/packages/demo-2.0-py3-none-any.whl","core-metadata":{"sha256":"${c}"},"dist-info-metadata":{"sha256":"${c}"},
   "filename":"demo-2.0-py3-none-any.whl","hashes":{"sha256":"${b}","md5":"00"},"yanked":false,"number":1.50e+3,"provenance":null}
 ] }`

const fileA = `../../files/demo/${a}/demo-1.0.tar.gz`
const fileB = `../../files/demo/${b}/demo-2.0-py3-none-any.whl`

describe('JSON to JSON', () => {
  test('only the addresses change, every other byte stays', () => {
    expect(run('pypi.json', jsonPage)).toBe(
      jsonPage
        .replace('https://files.example/packages/aa/bb/demo-1.0.tar.gz', fileA)
        .replace('..\\/..\\/packages/demo-2.0-py3-none-any.whl', fileB),
    )
  })

  test('a byte order mark goes', () => {
    const page = `{"name":"demo","files":[{"filename":"demo-1.0.tar.gz","url":"x","hashes":{"sha256":"${a}"}}]}`
    expect(run('pypi.json', `\ufeff${page}`)).toBe(page.replace('"x"', `"${fileA}"`))
    expect(run('pypi.projects.json', '\ufeff{"projects":[]}')).toBe('{"projects":[]}')
  })

  test('fragments stay, relative provenance is led to us', () => {
    const page = `{"name":"demo","files":[{"provenance":"p.json","filename":"demo-1.0.tar.gz","url":"x#sha256=${a}","hashes":{"sha256":"${a}"}}]}`
    expect(JSON.parse(run('pypi.json', page)).files[0]).toMatchObject({
      url: `${fileA}#sha256=${a}`,
      provenance: `${fileA}.provenance`,
    })
  })

  test('whatever the fields are, they survive', () => {
    const field = fc.string().filter((name) => !['url', 'provenance', 'filename', 'hashes'].includes(name))
    const files = fc.array(fc.dictionary(field, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 5 }), {
      maxLength: 5,
    })
    fc.assert(
      fc.property(
        files,
        fc.dictionary(
          field.filter((n) => n !== 'files' && n !== 'projects'),
          fc.jsonValue(),
        ),
        (extra, top) => {
          const of = (url: string) => ({
            ...top,
            files: extra.map((more) => ({
              ...more,
              filename: 'demo-1.0.tar.gz',
              url,
              hashes: { sha256: a },
            })),
          })
          expect(run('pypi.json', JSON.stringify(of('https://files.example/x')))).toBe(
            JSON.stringify(of(fileA)),
          )
        },
      ),
      { numRuns: 300 },
    )
  })

  test('of a key that stands twice both are changed', () => {
    const page = `{"files":[{"filename":"demo-1.0.tar.gz","url":"one","url":"two","hashes":{"sha256":"${a}"}}]}`
    expect(run('pypi.json', page)).toBe(page.replace('one', fileA).replace('two', fileA))
  })

  for (const [why, page] of [
    ['a file that leads out of its place', '{"files":[{"filename":"../x.whl","url":"x"}]}'],
    ['a file without a name', '{"files":[{"url":"x"}]}'],
    ['a file that is no object', '{"files":[1]}'],
    ['bad UTF-8', Buffer.from('{"files":[],"x":"\xff"}', 'latin1')],
    ['a document that is cut off', jsonPage.slice(0, -20)],
    ['depth', `{"files":[],"x":${'['.repeat(100_000)}`],
    ['neither JSON nor HTML', 'hello'],
  ] as const) {
    test(`${why} is refused`, () => expect(() => run('pypi.json', page)).toThrow())
  }
})

describe('JSON to HTML', () => {
  test('every field that HTML knows, escaped', () => {
    const html = run('pypi.html', jsonPage)
    expect(html).toContain(
      `<a href="${fileA}#sha256=${a}" data-requires-python="&gt;=3.8,&lt;4" data-gpg-sig="true" data-yanked="bad &quot;one&quot;" data-provenance="https://index.example/integrity/demo/1.0/provenance">demo-1.0.tar.gz</a>`,
    )
    expect(html).toContain(
      `<a href="${fileB}#sha256=${b}" data-dist-info-metadata="sha256=${c}" data-core-metadata="sha256=${c}">demo-2.0-py3-none-any.whl</a>`,
    )
    expect(html).toContain('<meta name="pypi:project-status" content="archived">')
    expect(html).toContain('<meta name="pypi:project-status-reason" content="&lt;old&gt;">')
    expect(html).toContain('<meta name="pypi:repository-version" content="1.4">')
    expect(html).toStartWith('<!DOCTYPE html>')
  })

  test('a page without a status says no version that has one', () => {
    expect(run('pypi.html', '{"files":[]}')).toContain('content="1.3"')
  })

  test('what is yanked without a reason says so', () => {
    const page = `{"files":[{"filename":"demo-1.0.tar.gz","url":"x","hashes":{},"yanked":true,"core-metadata":true}]}`
    const html = run('pypi.html', page)
    expect(html).toContain('data-core-metadata="true" data-yanked="">')
    expect(html).toContain('href="../../files/demo/-/demo-1.0.tar.gz"')
  })

  test('nothing breaks out of an attribute', () => {
    const page = JSON.stringify({
      files: [
        {
          filename: 'demo-1.0.tar.gz',
          url: 'x',
          hashes: { sha256: a },
          yanked: '"><script>é\u2028',
          'requires-python': "'<",
        },
      ],
    })
    expect(run('pypi.html', page)).toContain(
      'data-requires-python="&#39;&lt;" data-yanked="&quot;&gt;&lt;script&gt;&#233;&#8232;"',
    )
  })
})

const htmlPage = `<!DOCTYPE html><html><head><base href="/root/"><meta name="pypi:repository-version" content="1.1"><title>Links for Demo <a href="x.whl"></title></head>
<body><!-- <a href="c.whl"> --><script>"<a href='s.whl'>"</script>
<A data-x="1>0" HREF='https://files.example/demo-1.0.tar.gz?a=1&amp;b=2#sha256=${a}' data-requires-python="&gt;=3.8" data-yanked>demo-1.0.tar.gz</A><br/>
<a href=../../packages/demo-2.0-py3-none-any.whl#sha256=${b.toUpperCase()} data-core-metadata=sha256=${c} data-gpg-sig="false">x é</a>
<a href="../">up</a> <a>none</a> <a href="git+https://vcs.example/demo.zip">vcs</a></body></html>`

describe('HTML to HTML', () => {
  test('only the addresses change, and the base goes', () => {
    expect(run('pypi.html', htmlPage)).toBe(
      htmlPage
        .replace('<!DOCTYPE html>', `<!DOCTYPE html>${scriptGuard}`)
        .replace('<base href="/root/">', '')
        .replace(/'https:[^']*'/, `"${fileA}#sha256=${a}"`)
        .replace(/=\.\.\/\.\.\/packages[^ ]*/, `="${fileB}#sha256=${b.toUpperCase()}"`),
    )
  })

  test('empty comments hide nothing', () => {
    for (const comment of ['<!-->', '<!--->', '<!---->']) {
      const page = `${comment}<a href="demo-1.0.tar.gz#sha256=${a}">x</a>`
      expect(run('pypi.html', page)).toBe(`${scriptGuard}${comment}<a href="${fileA}#sha256=${a}">x</a>`)
    }
  })

  test('a page without files stays as it is', () => {
    const page = '<html><title>Links for demo</title><p>caf\u00e9</p></html>'
    expect(run('pypi.html', page)).toBe(scriptGuard + page)
  })

  test('no script of the source can run under our address, wherever it stands', () => {
    for (const [start, rest] of [
      ['', '<script>evil()</script><!doctype html><title>Links for demo</title>'],
      ['\n <!DOCTYPE html PUBLIC "a">', '<script>evil()</script>'],
      ['', '<!-- --><!doctype html><script>evil()</script>'],
      ['', '<html><img src=x onerror=evil()>'],
    ] as const) {
      expect(run('pypi.html', Buffer.from(start + rest, 'latin1'))).toStartWith(start + scriptGuard)
      expect(
        run('pypi.projects.html', Buffer.from(`${start}<a href="x/">x</a>${rest}`, 'latin1')),
      ).toStartWith(start + scriptGuard)
    }
  })
})

describe('HTML to JSON', () => {
  test('attributes become fields', () => {
    expect(JSON.parse(run('pypi.json', htmlPage))).toEqual({
      meta: { 'api-version': '1.0' },
      name: 'demo',
      versions: ['1.0', '2.0'],
      files: [
        {
          filename: 'demo-1.0.tar.gz',
          url: fileA,
          hashes: { sha256: a },
          'requires-python': '>=3.8',
          yanked: true,
        },
        {
          filename: 'demo-2.0-py3-none-any.whl',
          url: fileB,
          hashes: { sha256: b },
          'core-metadata': { sha256: c },
          'gpg-sig': false,
          yanked: false,
        },
      ],
    })
  })

  test('JSON to HTML and back loses nothing that HTML can say', () => {
    const back = JSON.parse(run('pypi.json', run('pypi.html', jsonPage)))
    const [first, second] = JSON.parse(jsonPage).files
    expect(back.files[0]).toEqual({
      filename: first.filename,
      url: fileA,
      hashes: first.hashes,
      'requires-python': first['requires-python'],
      'gpg-sig': true,
      yanked: first.yanked,
      provenance: first.provenance,
    })
    expect(back.files[1]['core-metadata']).toEqual(second['core-metadata'])
    expect(back['project-status']).toEqual({ status: 'archived', reason: '<old>' })
  })
})

describe('the map of files', () => {
  test('from JSON', () => {
    const map = Buffer.from(run('pypi.files', jsonPage))
    expect(findFile(map, 'demo-1.0.tar.gz', a)).toEqual({
      url: 'https://files.example/packages/aa/bb/demo-1.0.tar.gz',
      base: undefined,
      hashes: { sha256: a },
      size: 12345678901,
      metadata: undefined,
      gpgSig: true,
      provenance: 'https://index.example/integrity/demo/1.0/provenance',
    })
    expect(findFile(map, 'demo-2.0-py3-none-any.whl', b)?.metadata).toEqual({ sha256: c })
    expect(findFile(map, 'demo-1.0.tar.gz', b)).toBeUndefined()
    expect(findFile(map, 'emo-1.0.tar.gz', a)).toBeUndefined()
  })

  test('from HTML, with the base that its links are relative to', () => {
    const map = Buffer.from(run('pypi.files', htmlPage))
    expect(findFile(map, 'demo-1.0.tar.gz', a)).toMatchObject({
      url: 'https://files.example/demo-1.0.tar.gz?a=1&b=2',
      base: '/root/',
    })
    expect(findFile(map, 'demo-2.0-py3-none-any.whl', b)?.url).toBe(
      '../../packages/demo-2.0-py3-none-any.whl',
    )
  })

  test('no name or address can forge a line', () => {
    const page = JSON.stringify({
      files: [{ filename: 'demo-1.0.tar.gz', url: `x\n"y"\t${a}\t{"url":"evil"}`, hashes: { sha256: a } }],
    })
    const map = Buffer.from(run('pypi.files', page))
    expect(findFile(map, 'y', a)).toBeUndefined()
    expect(map.toString().split('\n')).toHaveLength(3)
  })
})

describe('a small page is parsed and a large one scanned, to the same end', () => {
  const tried = (make: () => unknown) => {
    try {
      return make()
    } catch (error) {
      return String(error)
    }
  }
  const agree = (page: string) => {
    const large = page + ' '.repeat(64 * 1024)
    for (const name of ['pypi.files', 'pypi.candidates']) {
      expect(tried(() => run(name, page))).toEqual(tried(() => run(name, large)))
    }
    const verdict = (text: string) => pypiChecks['pypi.page']?.(Buffer.from(text), { project: 'demo' })
    expect(verdict(page)).toEqual(verdict(large))
  }

  test('whatever it holds', () => {
    const value = fc.jsonValue({ maxDepth: 2 })
    const filename = fc.oneof(
      fc.constantFrom('demo-1.0.tar.gz', 'demo-2.0-py3-none-any.whl', 'demo-2.0rc1.tar.gz', '../demo', 'é'),
      value,
    )
    const file = fc.record(
      {
        filename,
        url: fc.oneof(fc.constantFrom('x', 'https://files.example/x#sha256=1', ''), value),
        hashes: fc.oneof(fc.constantFrom({ sha256: a }, { md5: '00' }, {}), value),
        'core-metadata': fc.oneof(fc.constantFrom(true, { sha256: b }), value),
        'requires-python': fc.oneof(fc.constant('>=3.8'), value),
        yanked: value,
        size: value,
        provenance: value,
      },
      { requiredKeys: ['filename', 'url'] },
    )
    const page = fc.record(
      {
        meta: value,
        name: fc.oneof(fc.constantFrom('demo', 'Demo', 'other'), value),
        files: fc.oneof(
          { weight: 4, arbitrary: fc.array(file, { maxLength: 4 }) },
          { weight: 1, arbitrary: value },
        ),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(page, (document) => agree(JSON.stringify(document))),
      { numRuns: 300 },
    )
  })

  test('also where it is none', () => {
    for (const page of [
      '{"name":"demo","files":[}',
      '{"files":[]}{}',
      `{"files":[],"x":${'['.repeat(200)}${']'.repeat(200)}}`,
    ]) {
      agree(page)
    }
  })
})

describe('the list of projects', () => {
  const list =
    '{"meta":{"api-version":"1.0"},"projects":[{"name":"Foo_Bar","_x":1},{"name":"<bad>"},{"name":"baz"}]}'
  const html =
    '<a href="/simple/foo-bar/">Foo_Bar</a><a href="baz/">baz</a><a href="https://x.example/about">x</a><a href="https://x.example/simple/qux/">q</a>'
  test('JSON stays as it is', () => expect(run('pypi.projects.json', list)).toBe(list))
  test('JSON to HTML', () => {
    const made = run('pypi.projects.html', list)
    expect(made).toContain('<a href="foo-bar/">Foo_Bar</a>')
    expect(made).not.toContain('bad')
  })
  test('HTML to HTML', () => {
    expect(run('pypi.projects.html', html)).toBe(
      scriptGuard +
        '<a href="foo-bar/">Foo_Bar</a><a href="baz/">baz</a><a href="https://x.example/about">x</a><a href="qux/">q</a>',
    )
  })
  test('HTML to JSON', () => {
    expect(JSON.parse(run('pypi.projects.json', html)).projects).toEqual([
      { name: 'foo-bar' },
      { name: 'baz' },
      { name: 'qux' },
    ])
  })
})

test('the JSON API: addresses in urls and releases, and nothing else', () => {
  const body = `{"info":{"name":"Demo","project_urls":{"url":"keep"}},"urls":[{"url":"https://f.example/1","filename":"demo-1.0.tar.gz","digests":{"sha256":"${a}"}}],"releases":{"1.0":[{"filename":"demo-1.0.tar.gz","digests":{"sha256":"${a}"},"url":"https://f.example/1"}]},"vulnerabilities":[{"url":"keep"}]}`
  expect(run('pypi.project', body, { project: 'demo', base: 'http://h.example/pypi' })).toBe(
    body.replaceAll('https://f.example/1', `http://h.example/pypi/files/demo/${a}/demo-1.0.tar.gz`),
  )
})

test('large pages come in pieces of a fair size', () => {
  const file = (n: number) =>
    `{"filename":"demo-${n}.tar.gz","url":"https://files.example/${n}","hashes":{"sha256":"${a}"}}`
  const page = `{"name":"demo","files":[${Array.from({ length: 5_000 }, (_, n) => file(n)).join()}]}`
  const transform = pypiTransforms['pypi.json']
  const pieces = [
    ...(transform?.({ body: Buffer.from(page), beside: undefined, params: { project: 'demo' } }) ?? []),
  ]
  expect(pieces.length).toBeGreaterThan(5)
  expect(pieces.length).toBeLessThan(30)
  expect(JSON.parse(Buffer.concat(pieces).toString()).files).toHaveLength(5_000)
})
