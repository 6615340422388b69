/** Walks that nobody needs to be asked for. */

import type { Walk } from './upstream.ts'

export const unconfiguredWalk: Walk = {
  next: async () => ({ kind: 'not-configured' }),
  reject: () => undefined,
}

export const placelessWalk: Walk = {
  next: async () => ({
    kind: 'failed',
    failure: {
      code: 'malformed',
      message: 'the metadata names no address that can be asked for it (http or https, without a password)',
    },
  }),
  reject: () => undefined,
}

export const offlineAnswer = {
  kind: 'failed',
  failure: {
    code: 'offline',
    message: 'no source was asked, because this server is offline',
    hint: 'start without --offline to fetch it',
  },
} as const

export const offlineWalk: Walk = { next: async () => offlineAnswer, reject: () => undefined }
