import { expect, test } from 'bun:test'
import { patchProxyTest, proxyVariable, testDatabaseKey } from './cmdgo-binary.ts'

const source = `package main_test
const (
	testSumDBName        = "localhost.localdev/sumdb"
	testSumDBVerifierKey = "localhost.localdev/sumdb+00000c67+AcTrnkbUA+x/y"
)
func StartProxy() {
		*proxyAddr = l.Addr().String()
		proxyURL = "http://" + *proxyAddr + "/mod"
		fmt.Fprintf(os.Stderr, "running at %s", proxyURL)
}
`

test('the patch adds the variable and keeps every line', () => {
  const patched = patchProxyTest(source)
  expect(patched).toContain(`os.Getenv("${proxyVariable}")`)
  const kept = new Set(patched.split('\n'))
  expect(source.split('\n').filter((line) => !kept.has(line))).toEqual([])
})

test('a source that has moved on is refused by name', () => {
  expect(() => patchProxyTest(source.replace('proxyURL = ', 'theURL = '))).toThrow('proxy_test.go')
  expect(() => testDatabaseKey('package main')).toThrow('testSumDBVerifierKey')
})

test('the database key is read from the source', () => {
  expect(testDatabaseKey(source)).toBe('localhost.localdev/sumdb+00000c67+AcTrnkbUA+x/y')
})
