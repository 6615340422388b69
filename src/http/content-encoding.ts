import { remembered } from '../ecosystems/remembered.ts'
import type { Encoding } from '../views/views.ts'

/** The best encoding that we have and the client takes (RFC 9110 12.5.3); a client that says nothing gets plain bytes. */
export function encodingFor(acceptEncoding: string | null): Encoding {
  return acceptEncoding === null ? undefined : bestFor(acceptEncoding)
}

const bestFor = remembered((acceptEncoding: string): Encoding => {
  if (!acceptEncoding.includes(';')) return /\bgzip\b|\*/i.test(acceptEncoding) ? 'gzip' : undefined
  let any: boolean | undefined
  for (const part of acceptEncoding.split(',')) {
    const [name = '', ...params] = part.split(';').map((word) => word.trim().toLowerCase())
    const q = params.find((param) => param.startsWith('q='))
    const wanted = q === undefined || Number(q.slice(2)) > 0
    if (name === 'gzip' || name === 'x-gzip') return wanted ? 'gzip' : undefined
    if (name === '*') any = wanted
  }
  return any === true ? 'gzip' : undefined
})
