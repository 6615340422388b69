import { expect, test } from 'bun:test'
import { maskedLines, maskSettings } from './mask-settings.ts'

test.each([
  '//npm.acme.example/:_authToken=s3cret-VALUE',
  '//npm.acme.example/:_password = s3cret-VALUE',
  '//npm.acme.example/:_auth=s3cret-VALUE==',
  'npmAuthToken: "s3cret-VALUE"',
  '    npmAuthIdent: user:s3cret-VALUE',
  'token = "s3cret-VALUE"',
  '"//npm.acme.example/:_authToken" "s3cret-VALUE"',
  '//npm.acme.example/:_authToken s3cret-VALUE',
  '"//npm.acme.example/:_password" s3cret-VALUE',
  '_password "s3cret-VALUE"',
  '"_auth" "s3cret-VALUE"',
  'password "s3cret VALUE"',
  'npmAuthToken: >-\n  s3cret-VALUE\n',
  'npmAuthToken: |\r\n  s3cret-\r\n\r\n  s3cret-VALUE\r\n',
  'npmScopes:\n  acme:\n    npmAuthToken:\n      s3cret-VALUE\n',
  'npmAuthIdent: "user:\n  s3cret-VALUE"\n',
  'token = """\ns3cret-VALUE\n"""\n',
  '<password>\n  s3cret-VALUE\n</password>',
  '<server><password>s3cret-VALUE</password></server>',
  'index-url = https://user:s3cret-VALUE@pip.acme.example/simple',
  'GOPROXY=https://s3cret-VALUE@go.acme.example',
])('%s', (line) => {
  const masked = maskSettings(line)
  expect(masked).not.toContain('s3cret')
  expect(masked).toContain('***')
})

test.each([
  'registry=https://npm.acme.example/',
  'nodeLinker: node-modules',
  '<id>acme</id>',
  'timeout = 60',
  'yarn-offline-mirror "./packages"',
  'password is wrong',
  'nodeLinker: pnp\n\nnpmScopes:\n  acme:\n    npmRegistryServer: "https://npm.acme.example"\n',
  'authors:\n  first: Ann\n',
])('%s stays', (line) => {
  expect(maskSettings(line)).toBe(line)
})

test('what follows a secret is shown again', () => {
  expect(maskSettings('a:\n  npmAuthToken: >-\n    s3cret\n  b: 1\nc: 2\n')).toBe(
    'a:\n  npmAuthToken: ***\n    ***\n  b: 1\nc: 2\n',
  )
  expect(maskSettings('token = """a\nb"""\nc = 1\n')).toEndWith('\n***\nc = 1\n')
})

test('a line of a secret stays a line', () => {
  expect(maskedLines('npmAuthToken: >-\r\n  s3cret\r\nb: 1')).toEqual([
    'npmAuthToken: ***\r\n',
    '  ***\r\n',
    'b: 1',
  ])
})
