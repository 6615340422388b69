import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { parsePypiRequest } from './request-path.ts'

const sha = 'ab'.repeat(32)
const sha512 = `sha512-${'0f'.repeat(64)}`

/** path → what it means: kind and detail in a word, or the status of the refusal. */
const table: readonly (readonly [path: string, meaning: string])[] = [
  ['/', 'home'],
  ['/simple', 'redirect simple/'],
  ['/simple/', 'index'],
  ['/simple/numpy/', 'page numpy'],
  ['/simple/numpy', 'redirect numpy/'],
  ['/simple/NumPy', 'redirect numpy/'],
  ['/simple/NumPy/', 'redirect ../numpy/'],
  ['/simple/zope.interface/', 'redirect ../zope-interface/'],
  ['/simple/a-._b/', 'redirect ../a-b/'],
  ['/simple/json', 'redirect json/'],
  ['/simple/simple/', 'page simple'],
  ['/simple/%6eumpy/', 'page numpy'],
  ['/simple/numpy/index.html', '404'],
  ['/simple/numpy//', '404'],
  ['/simple//', '400'],
  ['/simple/-numpy/', '400'],
  ['/simple/numpy-/', '400'],
  ['/simple/nu mpy/', '400'],
  ['/simple/nu%20mpy/', '400'],
  ['/simple/n%D1%83mpy/', '400'],
  ['/simple/corp%E2%80%90x/', '400'],
  ['/simple/numpy%00/', '400'],
  ['/simple/%2e%2e/', '400'],
  ['/simple/../files/', '400'],
  ['/simple/a%2Fb/', '400'],
  ['/simple/a%5cb/', '400'],
  ['/simple/%zz/', '400'],
  ['/simple/%ff/', '400'],
  [`/simple/${'a'.repeat(201)}/`, '400'],
  [`/${'a'.repeat(3000)}`, '400'],
  ['simple/', '400'],
  ['//simple/', '400'],
  [`/files/numpy/${sha}/numpy-1.0.tar.gz`, 'file numpy-1.0.tar.gz'],
  [`/files/numpy/${sha512}/numpy-1.0.tar.gz`, 'file numpy-1.0.tar.gz'],
  ['/files/numpy/-/numpy-1.0.tar.gz', 'file numpy-1.0.tar.gz'],
  [`/files/torch/${sha}/torch-2.0%2Bcu118-py3-none-any.whl`, 'file torch-2.0+cu118-py3-none-any.whl'],
  [`/files/torch/${sha}/torch-2.0+cu118-py3-none-any.whl`, 'file torch-2.0+cu118-py3-none-any.whl'],
  [`/files/numpy/${sha}/numpy-1.0-py3-none-any.whl.metadata`, 'metadata numpy-1.0-py3-none-any.whl'],
  [`/files/numpy/${sha}/numpy-1.0.tar.gz.asc`, 'signature numpy-1.0.tar.gz'],
  [`/files/numpy/${sha}/numpy-1.0.tar.gz.provenance`, 'provenance numpy-1.0.tar.gz'],
  [`/files/NumPy/${sha}/numpy-1.0.tar.gz`, '404'],
  [`/files/numpy/${sha.toUpperCase()}/numpy-1.0.tar.gz`, '404'],
  [`/files/numpy/${sha.slice(1)}/numpy-1.0.tar.gz`, '404'],
  [`/files/numpy/sha1-${'0'.repeat(40)}/numpy-1.0.tar.gz`, 'file numpy-1.0.tar.gz'],
  [`/files/numpy/md5-${'0'.repeat(40)}/numpy-1.0.tar.gz`, '404'],
  [`/files/numpy/${'0'.repeat(40)}/numpy-1.0.tar.gz`, '404'],
  [`/files/numpy/${sha}/`, '400'],
  [`/files/numpy/${sha}/.hidden`, '400'],
  [`/files/numpy/${sha}/a%0Ab.whl`, '400'],
  [`/files/numpy/${sha}/a%E2%80%AEb.whl`, '400'],
  [`/files/numpy/${sha}/a/b.whl`, '404'],
  ['/numpy/json', 'project-json numpy'],
  ['/pypi/numpy/json', 'project-json numpy'],
  ['/pypi/json', 'project-json pypi'],
  ['/pypi/numpy/json/', 'redirect ../json'],
  ['/numpy/1.0/json/', 'redirect ../json'],
  ['/pypi/NumPy/json/', 'redirect ../../numpy/json'],
  ['/numpy/json//', '404'],
  ['/numpy/1.0rc1+local/json', 'project-json numpy 1.0rc1+local'],
  ['/pypi/numpy/1!2.0/json', 'project-json numpy 1!2.0'],
  ['/pypi/NumPy/json', 'redirect ../numpy/json'],
  ['/NumPy/1.0/json', 'redirect ../../numpy/1.0/json'],
  ['/pypi/numpy/a%20b/json', '400'],
  ['/numpy/', '404'],
  ['/favicon.ico', '404'],
  ['/legacy/', '404'],
]

describe('paths', () => {
  for (const [path, meaning] of table) {
    test(`${path.length > 90 ? `${path.slice(0, 90)}…` : path} is ${meaning}`, () => {
      const request = parsePypiRequest(path)
      const said = (() => {
        switch (request.kind) {
          case 'redirect':
            return `redirect ${request.location}`
          case 'page':
            return `page ${request.project}`
          case 'project-json':
            return ['project-json', request.project, request.version].filter(Boolean).join(' ')
          case 'file':
            return `${request.part} ${request.file}`
          case 'refused':
            return String(request.status)
          default:
            return request.kind
        }
      })()
      expect(said).toBe(meaning)
    })
  }

  test('it is total, and a refusal says why', () => {
    const element = fc.oneof(
      fc.constantFrom(
        'simple',
        'files',
        'pypi',
        '..',
        '.',
        '',
        '%2e%2e',
        '%00',
        sha,
        '-',
        'json',
        'numpy',
        '%',
      ),
      fc.string({ unit: 'binary', maxLength: 12 }),
    )
    fc.assert(
      fc.property(fc.array(element, { maxLength: 6 }), (elements) => {
        const request = parsePypiRequest(`/${elements.join('/')}`)
        if (request.kind === 'refused') expect(request.reason.length).toBeGreaterThan(5)
        if (request.kind === 'file') expect(request.file).not.toMatch(/[/\\\0]|^\./)
        if ('project' in request) expect(request.project).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/)
        if (request.kind === 'redirect') expect(request.location).toMatch(/^(\.\.\/)*[a-z0-9]/)
      }),
      { numRuns: 3_000 },
    )
  })
})
