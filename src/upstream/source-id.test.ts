import { expect, test } from 'bun:test'
import { sourceId } from './source-id.ts'

test.each([
  ['https://goproxy.example', 'goproxy.example'],
  ['https://goproxy.example/', 'goproxy.example'],
  ['https://goproxy.example:8443/go/', 'goproxy.example:8443/go'],
  ['http://goproxy.example/go', 'http://goproxy.example/go'],
  ['http://127.0.0.1:9480', '127.0.0.1:9480'],
  ['https://127.0.0.1:9480', 'https://127.0.0.1:9480'],
  ['http://localhost:9480/go', 'localhost:9480/go'],
  ['https://ann:s3cret@goproxy.example', 'goproxy.example'],
  ['file:///srv/modules', 'file:///srv/modules'],
])('%s is %s', (url, id) => {
  expect(sourceId(url)).toBe(id)
})
