import { expect, test } from 'bun:test'
import { shownArgument } from './find-targets.ts'

test.each([
  ['ftp://me:s3cret@source.example/', 'ftp://***@source.example/'],
  ['me:s3cret@source.example:99999', '***@source.example:99999'],
  ['ftp://me:s3cr/s3@cret@source.example/', 'ftp://***@source.example/'],
  ['https://one.example,https://me:s3cret@two.example', 'https://***@two.example'],
  ['ftp://source.example/?token=s3cret', 'ftp://source.example/?token=***'],
  ['nonsense', 'nonsense'],
])('what was written is shown without its secrets: %s', (written, shown) => {
  expect(shownArgument(written)).toBe(shown)
})
