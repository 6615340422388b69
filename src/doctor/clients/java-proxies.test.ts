import { expect, test } from 'bun:test'
import { mavenProxies, noProxyOf } from './java-proxies.ts'

const settings = (inside: string) => `<settings>\n<proxies>\n${inside}\n</proxies>\n</settings>`

test('the active proxies of settings.xml, with what they spare', () => {
  const text = settings(`<!-- <proxy><host>old.example</host></proxy> -->
<proxy><active>false</active><host>off.example</host></proxy>
<proxy>
  <protocol>HTTPS</protocol><host>p.example</host><port>3128</port>
  <username>me</username><password>p@ss &amp; more</password>
  <nonProxyHosts>localhost|*.corp.example</nonProxyHosts>
</proxy>
<proxy><host>q.example</host></proxy>`)
  expect(mavenProxies(text)).toEqual([
    {
      url: 'http://me:p%40ss%20%26%20more@p.example:3128',
      protocol: 'https',
      noProxy: 'localhost,.corp.example',
      line: 5,
    },
    { url: 'http://q.example:8080', protocol: 'http', noProxy: '', line: 10 },
  ])
})

test('settings without proxies', () => {
  expect(mavenProxies('')).toEqual([])
  expect(mavenProxies('<settings/>')).toEqual([])
})

test.each([
  ['', ''],
  ['a.example|b.example', 'a.example,b.example'],
  ['*.a.example', '.a.example'],
  ['*a.example', '.a.example'],
  ['10.*|192.168.*', '10.0.0.0/8,192.168.0.0/16'],
  ['*', '*'],
  ['in*side', ''],
])('nonProxyHosts %p is NO_PROXY %p', (java, variable) => {
  expect(noProxyOf(java)).toBe(variable)
})
