import type { Transform } from '../ecosystem.ts'
import { spliced } from '../json-scan.ts'
import { type Change, changedAddresses, distChanges, ownAddresses } from './own-addresses.ts'
import { readJson } from './packument.ts'

/** The packument as the source sent it, its addresses of tarballs and attestations ours, and no other byte touched. */
export const fullView: Transform = ({ body, params }) =>
  spliced(body, changedAddresses(body, ownAddresses(params)))

/** One version's manifest, likewise. */
export const manifestView: Transform = ({ body, params }) => {
  const changes: Change[] = []
  const own = ownAddresses(params)
  let version = ''
  readJson(body, (reader) => {
    reader.object((key) => {
      if (key === 'version') version = reader.string()?.text ?? ''
    })
  })
  readJson(body, (reader) => {
    reader.object((key) => {
      if (key === 'dist' && reader.kind() === 'object') distChanges(reader, version, own, changes)
    })
  })
  return spliced(body, changes)
}
