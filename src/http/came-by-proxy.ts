/** By any of these a proxy says that the peer is not who is asking. */
const HEADERS = [
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
  'x-client-ip',
  'cf-connecting-ip',
] as const

/** Whether a proxy passed this request on. One that says nothing of it cannot be told from a client. */
export function cameByProxy(headers: Headers): boolean {
  return HEADERS.some((name) => headers.has(name))
}
