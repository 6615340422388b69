/** Certificates for tests: a CA, and two leaves for mirror.example and 127.0.0.1, one of them expired in 2021. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The CA as a file, for as long as the test needs it. */
export async function trustedCa(): Promise<AsyncDisposable & { readonly caFile: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'posthaste-ca-'))
  const caFile = join(folder, 'ca.pem')
  await writeFile(caFile, caCertificate)
  return { caFile, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}

export const caCertificate = `-----BEGIN CERTIFICATE-----
MIIBnTCCAUKgAwIBAgIUGTsGX5LoDfPrUw0JSNH3Sh0qGsQwCgYIKoZIzj0EAwIw
HDEaMBgGA1UEAwwRUG9zdGhhc3RlIHRlc3QgQ0EwIBcNMjYxMTIyMjMzODQ1WhgP
MjEyNjEwMjkyMzM4NDVaMBwxGjAYBgNVBAMMEVBvc3RoYXN0ZSB0ZXN0IENBMFkw
EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE5eCJQwIQkJpeWf0kRGweLwfw5G+keTO/
shP2B3cbklnroE1h0OzhFSnbFzxmdlQ6aQorqYUenRzX6iKfT1LU/qNgMF4wHQYD
VR0OBBYEFE0IiLNrZUW0TjAePBTay9ZMkH2ZMB8GA1UdIwQYMBaAFE0IiLNrZUW0
TjAePBTay9ZMkH2ZMA8GA1UdEwEB/wQFMAMBAf8wCwYDVR0PBAQDAgIEMAoGCCqG
SM49BAMCA0kAMEYCIQDW1zFbmDM4qH14/fQIgIRqBez9OF2+HIZnLHYy9/B7RAIh
AOOixmvT8tXatIciCqZhEHXEIKhaq+AZOSrrA1cSUm3X
-----END CERTIFICATE-----
`

export const leafKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgx9FhAsfQgeOWafs9
PL8dbTO/MGI+x3oqXrMhCMLT1tKhRANCAATyxQdq76TswRyi4DUYcEVnL/i9twgb
qNpbQaxh9ZuZob9F8yVuof+qFPrDhT9kavW17N9G6QZ6sHWNGBBxU0Eb
-----END PRIVATE KEY-----
`

export const leafCertificate = `-----BEGIN CERTIFICATE-----
MIIBlTCCATqgAwIBAgIBATAKBggqhkjOPQQDAjAcMRowGAYDVQQDDBFQb3N0aGFz
dGUgdGVzdCBDQTAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowGTEX
MBUGA1UEAwwObWlycm9yLmV4YW1wbGUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AATyxQdq76TswRyi4DUYcEVnL/i9twgbqNpbQaxh9ZuZob9F8yVuof+qFPrDhT9k
avW17N9G6QZ6sHWNGBBxU0Ebo24wbDAfBgNVHREEGDAWgg5taXJyb3IuZXhhbXBs
ZYcEfwAAATAJBgNVHRMEAjAAMB0GA1UdDgQWBBRsNkI5VeXKZtrfpwkOQDi/DmXJ
czAfBgNVHSMEGDAWgBRNCIiza2VFtE4wHjwU2svWTJB9mTAKBggqhkjOPQQDAgNJ
ADBGAiEAuf8clh5GB7h+hwool1vooh2iULayaCTZFbOwwUIuXQsCIQCTLi0VhR+d
hHZYzaVzT9bejsZi9pCy3cwfjX2lLUTNNw==
-----END CERTIFICATE-----
`

export const expiredCertificate = `-----BEGIN CERTIFICATE-----
MIIBkTCCATigAwIBAgIBAjAKBggqhkjOPQQDAjAcMRowGAYDVQQDDBFQb3N0aGFz
dGUgdGVzdCBDQTAeFw0yMDAxMDEwMDAwMDBaFw0yMTAxMDEwMDAwMDBaMBkxFzAV
BgNVBAMMDm1pcnJvci5leGFtcGxlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
8sUHau+k7MEcouA1GHBFZy/4vbcIG6jaW0GsYfWbmaG/RfMlbqH/qhT6w4U/ZGr1
tezfRukGerB1jRgQcVNBG6NuMGwwHwYDVR0RBBgwFoIObWlycm9yLmV4YW1wbGWH
BH8AAAEwCQYDVR0TBAIwADAdBgNVHQ4EFgQUbDZCOVXlymba36cJDkA4vw5lyXMw
HwYDVR0jBBgwFoAUTQiIs2tlRbROMB48FNrL1kyQfZkwCgYIKoZIzj0EAwIDRwAw
RAIgLVggQDZy7KsXdEd+j8731htzqypnPjN5YtSu2mUpVKQCIH41+jy+zze2ExOf
xhKfs/7hjb32NLzRAFdWcasC2SCv
-----END CERTIFICATE-----
`
