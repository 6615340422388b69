import type { Transform } from '../ecosystem.ts'
import { spliced } from '../json-scan.ts'
import { readJson } from './packument.ts'
import { addressOf, type Change, changedTarballs, distChanges } from './tarball-addresses.ts'

/** The packument as the source sent it, its tarballs' addresses ours, and no other byte touched. */
export const fullView: Transform = ({ body, params }) =>
  spliced(body, changedTarballs(body, addressOf(params)))

/** One version's manifest, likewise. */
export const manifestView: Transform = ({ body, params }) => {
  const changes: Change[] = []
  const address = addressOf(params)
  let version = ''
  readJson(body, (reader) => {
    reader.object((key) => {
      if (key === 'version') version = reader.string()?.text ?? ''
    })
  })
  readJson(body, (reader) => {
    reader.object((key) => {
      if (key === 'dist' && reader.kind() === 'object') distChanges(reader, version, address, changes)
    })
  })
  return spliced(body, changes)
}
