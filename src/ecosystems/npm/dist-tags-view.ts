import type { Transform } from '../ecosystem.ts'
import { walkPackument } from './packument.ts'

/** The packument's `dist-tags`, byte for byte; `{}` where it has none. */
export const distTagsView: Transform = ({ body }) => {
  let tags: Uint8Array = Buffer.from('{}')
  walkPackument(body, {
    member: (key, _span, reader) => {
      if (key !== 'dist-tags' || reader.kind() !== 'object') return
      const span = reader.value()
      tags = body.subarray(span.start, span.end)
    },
  })
  return [tags]
}
