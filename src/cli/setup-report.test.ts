import { expect, test } from 'bun:test'
import { diffText } from './setup-report.ts'

test('a secret beside a change is hidden on each of its lines', () => {
  const secret = 'npmAuthToken: >-\n  s3cret\n'
  expect(diffText(`${secret}a: 1\n`, `${secret}a: 2\n`, false)).toEqual(['    ***', '- a: 1', '+ a: 2'])
  const added = 'a: 1\nnpmAuthToken: >-\n  s3cret\n'
  expect(diffText('a: 1\n', added, false)).toEqual(['  a: 1', '+ npmAuthToken: ***', '+   ***'])
})

test('a token of Yarn 1 is hidden', () => {
  const token = '"//npm.acme.example/:_authToken" "s3cret"\n'
  expect(diffText(token, `${token}registry "https://npm.acme.example/"\n`, false)).toEqual([
    '  "//npm.acme.example/:_authToken" ***',
    '+ registry "https://npm.acme.example/"',
  ])
})
