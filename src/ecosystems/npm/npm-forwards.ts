/** What is passed on to a registry as it is, and what of that is refused. */

import type { Asked, Asking, Forward } from '../ecosystem.ts'
import { type AuditRules, maxAuditBytes, rewriteBulkAudit, rewriteQuickAudit } from './audit-body.ts'
import { type NpmRoute, publicRoute } from './npm-route.ts'
import { auditAnswer, maxPassedBytes, passedMetadata, plainJson } from './passed-answer.ts'
import { npmError } from './refusals.ts'
import type { AuditForm } from './request-path.ts'

/** npm sends a package in one piece, in base64. */
const MAX_PUBLISH_BYTES = 128 * 1024 * 1024
const MAX_ANSWER_BYTES = 16 * 1024 * 1024
const AUDIT_FRESH_MS = 3_600_000
const SEARCH_FRESH_MS = 60_000

/** What a registry needs to know of whoever writes: who it is, by which second factor, and what it sends. */
const passedOn = [
  'authorization',
  'content-type',
  'content-encoding',
  'accept',
  'npm-otp',
  'npm-auth-type',
  'npm-command',
  'npm-scope',
  'npm-session',
  'if-match',
] as const

const json = ['application/json', 'text/plain'] as const
const tarballTypes = ['application/', 'binary/octet-stream'] as const

const common = { ecosystem: 'npm', maxRequestBytes: 0, maxBytes: MAX_ANSWER_BYTES, freshMs: 0 } as const

/** A search, as it is: nothing private is in it, and credentials stay here. */
export function searchForward(asking: Asking): Forward {
  return {
    ...common,
    name: '-/v1/search',
    sources: publicRoute.sources,
    path: withQuery('-/v1/search', asking.query),
    method: 'GET',
    headers: { accept: 'application/json' },
    accepts: json,
    reshape: plainJson,
    freshMs: SEARCH_FRESH_MS,
  }
}

const auditPlaces: Readonly<Record<AuditForm, string>> = {
  bulk: 'advisories/bulk',
  quick: 'audits/quick',
  full: 'audits',
}

/** An audit of what is public in a project. */
export function auditForward(form: AuditForm, rules: AuditRules): Forward {
  const place = auditPlaces[form]
  const rewrite = form === 'bulk' ? rewriteBulkAudit : rewriteQuickAudit
  return {
    ...common,
    name: `-/npm/v1/security/${place}`,
    sources: publicRoute.sources,
    path: `-/npm/v1/security/${place}`,
    method: 'POST',
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    maxRequestBytes: maxAuditBytes,
    rewrite: (body) => rewrite(body, rules),
    reshape: (body) => auditAnswer(body, form),
    accepts: ['application/json'],
    freshMs: AUDIT_FRESH_MS,
  }
}

export interface WriteRules {
  /** True for what opens this server, and so belongs to no registry. */
  readonly isOwnToken: (authorization: string) => boolean
  /** Told when a registry has taken a write: what is kept of this package is old. */
  readonly written: (name: string) => void
}

/**
 * A write, or a question about the caller. It goes to the name's own registry, with the client's own token and
 * never without: what is configured here opens no registry for writing, and nobody is made somebody else.
 */
export function relayAsked(
  request: { readonly name: string | undefined; readonly what: string; readonly path: string },
  route: NpmRoute,
  asking: Asking,
  { isOwnToken, written }: WriteRules,
): Asked {
  const { name, what, path } = request
  const isWrite = asking.method !== 'GET' && asking.method !== 'HEAD'
  const authorization = asking.header('authorization')
  const isLogin = what === 'user' || what === 'v1/login' || what === 'v1/done'
  const hasToken = authorization !== undefined && !isOwnToken(authorization)
  if (!hasToken && !(isLogin && route.isPrivate)) {
    const subject = name === undefined ? what : `${what} of ${name}`
    if (isLogin) {
      const fix = 'log in at the registry itself (npm login --registry=…), or set npm.privateUpstream'
      return refused(403, `nobody logs in to the public registry through this relay`, fix)
    }
    const fix = 'set the token of that registry for this address in .npmrc, or use that registry itself'
    return refused(401, `${subject} needs your own token of the registry it goes to`, fix)
  }
  const headers: Record<string, string> = {}
  for (const header of passedOn) {
    const value = asking.header(header)
    if (value !== undefined && (header !== 'authorization' || hasToken)) headers[header] = value
  }
  return {
    kind: 'forward',
    forward: {
      ...common,
      name: name ?? `-/${what}`,
      sources: route.writes,
      path: withQuery(path, asking.query),
      method: asking.method,
      headers,
      maxRequestBytes: MAX_PUBLISH_BYTES,
      // `npm stage download` fetches a tarball that way.
      accepts: what === 'stage' ? [...json, ...tarballTypes] : json,
      isPrivate: route.isPrivate,
      ...(name !== undefined && isWrite ? { taken: () => written(name) } : {}),
    },
  }
}

/** A private package read with the client's own token: passed through, shared with nobody, kept nowhere. */
export function privateForward(
  name: string,
  path: string,
  kind: 'metadata' | 'tarball',
  route: NpmRoute,
  asking: Asking,
): Forward {
  const headers: Record<string, string> = {}
  for (const header of ['authorization', 'accept'] as const) {
    const value = asking.header(header)
    if (value !== undefined) headers[header] = value
  }
  return {
    ...common,
    name,
    sources: route.sources,
    path,
    method: asking.method,
    headers,
    maxBytes: maxPassedBytes,
    ...(kind === 'tarball'
      ? { accepts: tarballTypes }
      : {
          accepts: ['application/json', 'application/vnd.npm'],
          reshape: (body) => passedMetadata(body, { name, base: asking.base }),
        }),
    isPrivate: true,
  }
}

function refused(status: 401 | 403, cause: string, fix: string): Asked {
  const challenge = status === 401 ? { 'www-authenticate': 'Bearer' } : {}
  return {
    kind: 'answer',
    answer: npmError(status, [cause, fix], { 'cache-control': 'no-store', ...challenge }),
  }
}

function withQuery(path: string, query: string): string {
  return query === '' ? path : `${path}?${query}`
}
