import { describe, expect, test } from 'bun:test'
import { mirrorFor, readMirrors, setMirror } from './edit-settings-xml.ts'

const wanted = {
  id: 'posthaste',
  name: 'Posthaste',
  url: 'http://127.0.0.1:7678/maven/?a&b',
  mirrorOf: 'central',
}

function settings(...mirrors: readonly (readonly [id: string, mirrorOf: string])[]): string {
  const all = mirrors.map(
    ([id, of]) => `<mirror><id>${id}</id><url>u</url><mirrorOf>${of}</mirrorOf></mirror>`,
  )
  return `<settings><mirrors>${all.join('')}</mirrors></settings>`
}

describe('the mirror that counts', () => {
  test.each([
    [settings(), undefined],
    [settings(['a', '*']), 'a'],
    [settings(['a', '*'], ['b', 'central']), 'b'],
    [settings(['a', 'central'], ['b', 'central']), 'a'],
    [settings(['a', '*,!central'], ['b', 'external:*']), 'b'],
    [settings(['a', 'corp,central']), 'a'],
    [settings(['a', 'corp']), undefined],
    [
      '<settings><!-- <mirrors><mirror><id>a</id><mirrorOf>*</mirrorOf></mirror></mirrors> --></settings>',
      undefined,
    ],
    [
      '<settings><profiles><mirrors><mirror><id>a</id><mirrorOf>*</mirrorOf></mirror></mirrors></profiles></settings>',
      undefined,
    ],
    [
      '<s:settings xmlns:s="x"><s:mirrors><s:mirror><s:id>a</s:id><s:mirrorOf>*</s:mirrorOf></s:mirror></s:mirrors></s:settings>',
      'a',
    ],
    ['', undefined],
  ])('%s', (text, id) => {
    expect(mirrorFor(readMirrors(text), 'central')?.id).toBe(id)
  })
})

describe('ours', () => {
  test.each([
    '',
    '<settings/>',
    '<settings></settings>',
    settings(),
    settings(['a', 'central'], ['b', '*']),
    '<?xml version="1.0"?>\n<!DOCTYPE settings>\n<settings a="x > y">\n\t<mirrors>\n\t</mirrors>\n</settings>\n',
    '<settings><servers><server><password><![CDATA[<mirrors>]]></password></server></servers></settings>',
  ])('wins in %j, and is changed in place', (text) => {
    const edited = setMirror(text, wanted)
    expect(mirrorFor(readMirrors(edited), 'central')).toMatchObject({ id: 'posthaste', url: wanted.url })
    expect(setMirror(edited, wanted)).toBe(edited)
    const moved = setMirror(edited, { ...wanted, url: 'http://other.example/' })
    expect(mirrorFor(readMirrors(moved), 'central')?.url).toBe('http://other.example/')
    expect(readMirrors(moved)).toHaveLength(readMirrors(edited).length)
  })
})

test.each([
  ['<settings>', '<settings> does not close'],
  ['<settings></mirrors></settings>', '</mirrors> closes nothing'],
  ['<project/>', 'it has no <settings>'],
])('%s is left alone', (text, reason) => {
  expect(() => setMirror(text, wanted)).toThrow(reason)
})
