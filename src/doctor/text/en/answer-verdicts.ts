import type { VerdictTexts } from '../texts.ts'

/** Of answers, mirrors and settings. */
export const answerVerdicts = {
  'block.page': {
    title: 'a filter answers with a page of its own (status {status}): {title}',
    fix: 'Ask your network operator to allow {url}, or use a mirror:\n$ posthaste mirrors',
  },
  'http.login_page': {
    title: 'the server wants a login (status {status}): {title}',
    fix: 'Give credentials for this host (upstream.credentials, netrc, or the token of the client). Address: {url}',
  },
  'mirror.forbidden': {
    title: 'the mirror refuses (403): {snippet}',
    fix: 'Some mirrors refuse networks with heavy traffic or programs that they do not know. Quote what it says to its operators, or use another one:\n$ posthaste mirrors',
  },
  'mirror.ratelimited': {
    title: 'the mirror limits your requests (status {status}, Retry-After {retryAfter})',
    fix: 'Wait, and keep what was fetched, so that it is asked only once:\n$ posthaste serve',
  },
  'mirror.retired': {
    title: 'this address was given up by the mirror (status {status})',
    fix: 'Use its new address or another mirror:\n$ posthaste mirrors',
  },
  'mirror.missing_cap': {
    title:
      'the mirror does not relay the checksum database, and the database cannot be reached (status {status})',
    fix: 'Use a mirror that relays it, or the database under its mainland name:\n$ go env -w GOSUMDB=sum.golang.google.cn',
  },
  'mirror.stale': {
    title: 'the mirror lags: it lacks {missing} versions of {name}, the newest {newest}, that {other} has',
    fix: 'Use another mirror until it has caught up:\n$ posthaste mirrors --explain',
  },
  'mirror.wrong_missing': {
    title: 'the mirror answers {status} where it has no such package: {url}',
    fix: 'Clients go on to the next source at 404 and 410 only. Put a "|" behind this source in GOPROXY, tell its operators, or use another one:\n$ posthaste mirrors',
  },
  'mirror.metadata_absent': {
    title: 'the index announces metadata files that it does not have (status {status}): {url}',
    fix: 'pip stops there with an HTTP error (PEP 658). Use another index, or let Posthaste serve it:\n$ posthaste setup pip',
  },
  'mirror.no_ranges': {
    title:
      'answers break off, and the mirror cannot go on where they did: it sends the whole file for a part',
    fix: 'Each attempt begins anew. Use a mirror that knows ranges, or two sources:\n$ posthaste mirrors --apply',
  },
  'http.server_error': {
    title: 'the server fails with status {status}',
    fix: 'Try later, or use another mirror:\n$ posthaste mirrors',
  },
  'http.not_found': {
    title: 'the server does not have what every source of its kind has (status {status}): {url}',
    fix: 'Is it the base address, with its whole path? Compare with `posthaste upstreams`.',
  },
  'http.redirect': {
    title: 'the server redirects to {to}, and that leads nowhere ({hops} redirects)',
    fix: 'Allow {to} in the firewall or proxy as well, or use a mirror that serves its files itself:\n$ posthaste mirrors',
  },
  'http.no_answer': {
    title: 'the server takes the request and does not answer for {ms} ms',
    fix: 'It is overloaded, or something on the path holds the answer back. Use another mirror:\n$ posthaste mirrors',
  },
  'http.reset': {
    title: 'the connection is cut before the answer',
    fix: 'The server fails, or a filter cuts what it does not like. Use another mirror:\n$ posthaste mirrors',
  },
  'http.not_http': {
    title: 'what answers does not speak HTTP: {snippet}',
    fix: 'Is the port right? For https write https:// in the address.',
  },
  'http.slow_ttfb': {
    title: 'the first byte takes {ms} ms (again: {again} ms)',
    fix: 'The mirror fetches on demand, or is overloaded. A local cache pays this once:\n$ posthaste serve',
  },
  'http.throttled': {
    title: 'each connection is limited to {rate} kB/s: {megabytes} MB take {duration}{otherText}',
    fix: 'Use another mirror, or a local cache that fetches over several connections:\n$ posthaste mirrors --apply',
  },
  'http.truncated': {
    title: 'answers break off: {bytes} of {declared} bytes came',
    fix: 'A gateway, a virus scanner or the mirror has a size limit or fails. Posthaste resumes from another source; name two:\n$ posthaste mirrors --apply',
  },
  'http.stall': {
    title: 'answers stop in the middle: after {bytes} bytes nothing came',
    fix: 'Use another mirror; Posthaste leaves a stalled source by itself when it has two:\n$ posthaste mirrors --apply',
  },
  'http.wrong_content': {
    title: 'a web page came where a package should be: {title}',
    fix: 'The address is wrong, or a gateway answers in its place: open {url} in a browser.',
  },
  'integrity.mismatch': {
    title: 'the bytes are not those that were published: {reason}',
    fix: 'Do not use this source, and do not switch verification off. Compare with another one and tell its operators: {url}',
  },
  'disk.full': {
    title: 'the disk below {path} is full ({megabytes} MB free)',
    fix: 'Make room, or lower the bound of the cache:\n$ posthaste cache gc\n$ go clean -modcache',
  },
  'files.low_limit': {
    title: 'only {soft} files may be open at a time (hard limit {hard})',
    fix: 'Large installs need more:\n$ ulimit -n 8192',
  },
  'go.goproxy_invalid': {
    title: 'GOPROXY is wrong: {detail}',
    fix: 'Write full addresses, joined by | :\n$ go env -w GOPROXY="http://127.0.0.1:7678/go|https://goproxy.cn|direct"',
  },
  'go.goproxy_comma': {
    title: 'GOPROXY uses "," after {first}: while that is down, the rest of the list is never asked',
    fix: 'A "|" goes on at any error:\n$ go env -w GOPROXY="{detail}"',
  },
  'go.gosumdb_off': {
    title: 'GOSUMDB is off: nothing proves that modules are what was published',
    fix: 'Switch it on again; toolchains need it too:\n$ go env -u GOSUMDB',
  },
  'go.gosumdb_invalid': {
    title: 'GOSUMDB is wrong: {detail}',
    fix: 'Use the default, or its name for mainland China:\n$ go env -w GOSUMDB=sum.golang.google.cn',
  },
  'go.nosumdb_all': {
    title: 'GONOSUMDB=* switches the checksum database off for everything',
    fix: 'Name only private modules:\n$ go env -u GONOSUMDB',
  },
  'go.private_missing': {
    title: 'the project needs modules of {detail}, a private host that GOPRIVATE does not name',
    fix: 'Their names go to public servers. Keep them private:\n$ go env -w GOPRIVATE={detail}',
  },
  'go.private_broad': {
    title: 'GOPRIVATE holds {detail}: public modules then bypass every proxy and the checksum database',
    fix: 'Name your organisation only:\n$ go env -w GOPRIVATE=github.com/YOUR-ORGANISATION',
  },
  'go.modcache_broken': {
    title: 'the module cache holds broken files: {detail}',
    fix: 'Remove them; go fetches them again:\n$ go clean -modcache',
  },
  'go.flags': {
    title: 'GOFLAGS does not fit: {detail}',
    fix: 'This is no fault of the network. Take the flag out of GOFLAGS where it is set, or make the vendor folder anew:\n$ go env GOFLAGS\n$ go mod vendor',
  },
  'go.modules_off': {
    title: 'GO111MODULE=off: Go works without modules and asks no proxy at all',
    fix: 'Switch modules on again:\n$ go env -u GO111MODULE',
  },
  'go.workspace': {
    title: 'the workspace does not fit: {detail}',
    fix: 'This is no fault of the network. Take the module into the workspace, or work without it:\n$ go work use .\n$ export GOWORK=off',
  },
  'go.vendor_stale': {
    title: 'the vendor folder does not fit go.mod: {detail}',
    fix: 'This is no fault of the network: Go takes the vendor folder and stops. Make it anew:\n$ go mod vendor',
  },
  'npm.lock_hosts': {
    title: '{name} leads to hosts that no setting names: {detail}',
    fix: 'Clients fetch from there, past the registry that is set. Lead old mirrors to the registry, or name the host in .npmrc if it is yours:\n$ posthaste setup locks --rewrite',
  },
  'path.fault': {
    title: 'the path to it has a fault: {summary}',
    fix: 'Look at it live:\n$ posthaste trace {target}',
  },
} satisfies VerdictTexts
