import { expect, test } from 'bun:test'
import { maskSettings } from './mask-settings.ts'

test.each([
  '//npm.acme.example/:_authToken=s3cret-VALUE',
  '//npm.acme.example/:_password = s3cret-VALUE',
  '//npm.acme.example/:_auth=s3cret-VALUE==',
  'npmAuthToken: "s3cret-VALUE"',
  '    npmAuthIdent: user:s3cret-VALUE',
  'token = "s3cret-VALUE"',
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
])('%s stays', (line) => {
  expect(maskSettings(line)).toBe(line)
})
