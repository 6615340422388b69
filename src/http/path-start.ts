/**
 * Where the path begins in a request's `url`. Without a usable `Host` (HTTP/1.0, an empty header) there is no
 * authority before it: health checks of load balancers come like that.
 */
export function pathStart(url: string): number {
  return url.startsWith('/') ? 0 : url.indexOf('/', 8)
}
