import type { Asked, Sought } from '../ecosystems/ecosystem.ts'

/** What a refusal of this request would be about. */
export function soughtIn(
  asked: Exclude<Asked, { kind: 'answer' }>,
): Sought & { readonly isPrivate?: boolean } {
  switch (asked.kind) {
    case 'resource':
      return asked.resource
    case 'view':
      return asked.view.of
    case 'forward': {
      const { name, path, isPrivate } = asked.forward
      return { name, kind: 'forward', path, missMs: 0, ...(isPrivate === undefined ? {} : { isPrivate }) }
    }
  }
}
