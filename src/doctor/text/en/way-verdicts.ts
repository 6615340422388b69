import type { VerdictTexts } from '../texts.ts'

/** Of the machine, proxies, names, connections and handshakes. */
export const wayVerdicts = {
  'net.offline': {
    title: 'this machine is not connected to any network',
    fix: 'Switch on the network (cable, Wi-Fi, VPN). Check with:\n$ ip address\n$ ip route',
  },
  'net.443_down': {
    title: 'port 443 fails towards {count} unrelated hosts while other ports work',
    fix: 'Something near you, or in your region, cuts port 443. Wait and try again, use another network, or ask your network operator. Until then build from what is kept:\n$ posthaste serve --offline',
  },
  'captive.portal': {
    title: 'a login page stands between this machine and the internet',
    fix: 'Open this address in a browser, log in, and run the doctor again:\n{location}',
  },
  'clock.skew': {
    title: "this machine's clock is wrong by {days} days, compared with {hosts} hosts",
    fix: 'Set the clock; certificates cannot be checked before:\n$ timedatectl set-ntp true',
  },
  'proxy.invalid': {
    title: '{foundIn} holds no address of a proxy',
    fix: 'Write it as http://HOST:PORT, or remove it where it is set:\n$ unset {foundIn}',
  },
  'proxy.dead': {
    title: 'the proxy {proxy}, named by {places}, does not work ({reason})',
    fix: 'Start the proxy, or correct {foundIn}, or remove it where it is set:\n$ unset {foundIn}',
  },
  'proxy.scheme': {
    title: 'the proxy {proxy} does not speak what {places} says ({reason})',
    fix: 'Most proxies are spoken to in plain HTTP, for https addresses too:\n$ export {foundIn}=http://{proxy}',
  },
  'proxy.auth': {
    title: 'the proxy {proxy} wants a user name and a password {schemes}',
    fix: 'Put them into {foundIn}, with reserved characters percent-encoded. For NTLM or Negotiate run a local helper (cntlm, px), because npm, go and pip cannot speak them:\n$ export {foundIn}=http://USER:PASSWORD@{proxy}',
  },
  'proxy.denied': {
    title: 'the proxy {proxy} does not let these hosts through: {hosts} (status {status})',
    fix: 'Ask who runs the proxy to allow {hosts}, and every host that they redirect to; or use a mirror that is allowed:\n$ posthaste mirrors',
  },
  'proxy.slow': {
    title: 'the proxy {proxy} takes {ms} ms to open each tunnel (its own connection: {connectMs} ms)',
    fix: 'Tell who runs it. Until then a local cache saves the tunnels:\n$ posthaste serve',
  },
  'proxy.case': {
    title: '{name} and its lower-case twin have different values',
    fix: 'Go reads the upper-case one first, curl and Python the lower-case one. Give both the same value, or remove one:\n$ unset {name}',
  },
  'proxy.credentials': {
    title: 'the user name or password in {name} is not percent-encoded: {detail}',
    fix: 'Write @ as %40, : as %3A, / as %2F, # as %23, ? as %3F and % as %25.',
  },
  'proxy.no_proxy': {
    title: '{name} has entries that do nothing: {detail}',
    fix: 'Write hosts and ranges with commas:\n$ export {name}=127.0.0.1,localhost,::1,.corp.example,10.0.0.0/8',
  },
  'proxy.ignored': {
    title: '{detail} ignores {name}',
    fix: 'Set the proxy in its own settings: Maven in ~/.m2/settings.xml (<proxies>), Gradle in gradle.properties (systemProp.https.proxyHost), Yarn 4 in .yarnrc.yml (httpsProxy).',
  },
  'config.broken': {
    title: '{client} cannot read {name}: {detail}',
    fix: 'Open the file, and put that line right.',
  },
  'dns.server_down': {
    title: 'no name server runs at {server}',
    fix: 'Correct the list of name servers (/etc/resolv.conf), or start the local one:\n$ systemctl restart systemd-resolved',
  },
  'dns.timeout': {
    title: 'no answer for {host} from the name server {server}',
    fix: 'Remove it from /etc/resolv.conf or put another one first; each look-up waits 5 s for it. Posthaste can ask another:\n$ posthaste doctor --upstream-resolvers 223.5.5.5',
  },
  'dns.servfail': {
    title: 'the name server {server} fails for {host} (SERVFAIL)',
    fix: 'Use another name server; where only signed names fail, check the clock and the validating resolver.',
  },
  'dns.refused': {
    title: 'the name server {server} refuses to answer for {host}',
    fix: 'It does not serve this network: correct /etc/resolv.conf, or leave the VPN that set it.',
  },
  'dns.formerr': {
    title: 'the name server {server} does not understand questions for {host}',
    fix: 'It is broken, or it is no name server: use another one in /etc/resolv.conf.',
  },
  'dns.notimp': {
    title: 'the name server {server} does not support questions for {host}',
    fix: 'Use another one in /etc/resolv.conf.',
  },
  'dns.no_outside': {
    title: 'the name server {server} knows none of {count} unrelated names: {hosts}',
    fix: 'It seems to serve an inner network only. Set the company proxy (HTTPS_PROXY), use a mirror inside, or ask a name server that knows the outside:\n$ posthaste doctor --upstream-resolvers 223.5.5.5',
  },
  'dns.hosts_file': {
    title: 'the hosts file leads {host} to {address}, and that does not work',
    fix: 'Look at the line, and remove it or correct it:\n$ grep -n {host} /etc/hosts',
  },
  'dns.nxdomain': {
    title: 'the name {host} does not exist, says {server}',
    fix: 'Check the spelling. If it is an internal name, join its VPN or ask its name server; if a filter hides it, use a mirror:\n$ posthaste mirrors',
  },
  'dns.nodata': {
    title: 'the name {host} exists but has no address',
    fix: 'Check the spelling; the host may have moved, or the name server {server} strips its addresses.',
  },
  'dns.slow': {
    title: 'DNS adds {totalMs} ms to this build ({hosts} hosts × {ms} ms at {server})',
    fix: 'Use a nearer name server, or keep answers on this machine:\n$ systemctl enable --now systemd-resolved',
  },
  'dns.bogus': {
    title: 'the name {host} leads to {address}, which is no public address',
    fix: 'If this is a mirror of your company, name it in upstream.allowPrivate. Else the name server or the hosts file lies: compare with another one.\n$ getent hosts {host}',
  },
  'dns.fake_ip': {
    title: 'a local proxy invents addresses ({address} for {host}) and does not carry the connection',
    fix: 'Start or stop the proxy program (Clash and its like) as a whole, or switch off its fake-IP mode.',
  },
  'dns.wildcard': {
    title: 'the name server {server} invents addresses for names that do not exist ({address})',
    fix: 'Mistyped names then lead to a stranger. Use another name server, or switch off its "search help".',
  },
  'dns.injected': {
    title: 'two different answers came for {host}: {first} and {second}',
    fix: 'Something on the path answers faster than {server}. Use a resolver over TLS, or a mirror under another name:\n$ posthaste mirrors',
  },
  'dns.tcp_blocked': {
    title: 'the answer for {host} needs TCP, and {server} cannot be reached by TCP',
    fix: 'Open TCP port 53 towards {server}, or use another name server.',
  },
  'dns.search_suffix': {
    title: 'the search domains of the resolver get in the way of {host} ({name}, {ms} ms)',
    fix: 'Lower ndots or remove the domain from "search" in /etc/resolv.conf; in Kubernetes set dnsConfig.options ndots to 1.',
  },
  'v6.broken_aaaa': {
    title: 'IPv6 to {address} does not work while IPv4 does; each connection loses up to {ms} ms',
    fix: 'Mend IPv6 or prefer IPv4:\n$ export NODE_OPTIONS=--dns-result-order=ipv4first',
  },
  'node.he250': {
    title:
      'a connection takes {ms} ms, Node leaves an address after {patienceMs} ms, and the last one ({last}) does not work',
    fix: 'npm, pnpm and yarn fail where curl works. Give them more time:\n$ export NODE_OPTIONS=--network-family-autoselection-attempt-timeout=5000',
  },
  'tcp.refused': {
    title: 'nothing accepts connections at {address} port {port}',
    fix: 'Check the address and the port. If it is yours, start the service; else a firewall may refuse in its place: ask your network operator or use a mirror.',
  },
  'tcp.filtered': {
    title: 'connections to {address} port {port} get no answer at all',
    fix: 'A firewall drops them, or the host is down. Use the company proxy (HTTPS_PROXY) or a mirror that answers:\n$ posthaste mirrors',
  },
  'tcp.unreachable': {
    title: 'there is no way to {address} ({outcome})',
    fix: 'Check routes, VPN and firewall:\n$ ip route get {address}',
  },
  'tcp.reset_on_connect': {
    title: 'connections are reset as soon as they are made',
    fix: 'The server or its load balancer is overloaded or has nothing behind it. Try later or use a mirror.',
  },
  'tcp.lossy': {
    title: 'packets are lost: {late} of {of} connections took {ms} ms and more',
    fix: 'Look where the loss begins, and change the network (cable for Wi-Fi) or the mirror:\n$ posthaste trace {target}',
  },
  'mtu.blackhole': {
    title: 'large packets are lost where small ones pass (MTU)',
    fix: 'A VPN, PPPoE or tunnel has a smaller MTU and says nothing. Lower yours, or let the kernel find out:\n$ ip link set dev eth0 mtu 1400\n$ sysctl -w net.ipv4.tcp_mtu_probing=1',
  },
  'tls.reset': {
    title: 'TLS to {host} is reset before any reply ({count} of {of}){placeText}',
    fix: 'Use a mirror that is reachable, or your company proxy:\n$ posthaste mirrors',
  },
  'tls.closed': {
    title: 'TLS to {host} is closed before any reply ({count} of {of})',
    fix: 'Use a mirror that is reachable, or tell who runs the server:\n$ posthaste mirrors',
  },
  'tls.silent': {
    title: 'TLS to {host} gets no reply ({count} of {of})',
    fix: 'Use a mirror that is reachable, or your company proxy:\n$ posthaste mirrors',
  },
  'tls.not_tls': {
    title: 'what answers is no TLS: {line}',
    fix: 'Is it an http:// address, or a port of something else? Else a gateway answers in its place: log in to the network.',
  },
  'tls.alert': {
    title: 'the server refuses the TLS handshake: {name} ({alert})',
    fix: 'It does not know this name, or wants another TLS version or a client certificate. Check the address; tell who runs it.',
  },
  'tls.mitm_corporate': {
    title:
      '"{authority}" signs the certificates of unrelated hosts: {hosts} (trusted by this system: {trusted})',
    fix: 'A company gateway opens TLS. If it is yours, ask for its CA file and name it to each client:\n$ export SSL_CERT_FILE=/path/ca-bundle.pem   # go, uv (all roots in it)\n$ export NODE_EXTRA_CA_CERTS=/path/corp-ca.pem   # node, npm, pnpm, yarn\n$ npm config set cafile /path/corp-ca.pem\n$ pip config --user set global.cert /path/corp-ca.pem\n$ export CARGO_HTTP_CAINFO=/path/corp-ca.pem\n$ git config --global http.sslCAInfo /path/corp-ca.pem\n$ keytool -importcert -cacerts -file /path/corp-ca.pem   # Maven, Gradle\nPosthaste: upstream.caFile. If it is not yours, do not use this network. Never switch verification off.',
  },
  'cert.expired': {
    title: 'the certificate of {host} expired on {to}',
    fix: 'Tell who runs {host}, and use another mirror meanwhile:\n$ posthaste mirrors',
  },
  'cert.not_yet_valid': {
    title: 'the certificate of {host} is valid only from {from} on',
    fix: "Check this machine's clock, then tell who runs {host}:\n$ date -u",
  },
  'cert.wrong_host': {
    title: 'the certificate shown for {host} is for {names}',
    fix: 'Check the address. If it is right, the name leads to a wrong place, or a gateway answers in its place.',
  },
  'cert.self_signed': {
    title: 'the certificate of {host} is signed by itself ({subject})',
    fix: 'If the server is yours, give it a certificate of your CA and name that CA in upstream.caFile. Else something answers in its place.',
  },
  'cert.missing_intermediate': {
    title: 'the server {host} does not send the certificate of its issuer ({issuer})',
    fix: 'Browsers fetch it by themselves, package managers do not. Tell who runs {host} to send the whole chain; it lies at {address}',
  },
  'cert.untrusted': {
    title: 'the certificate of {host} is signed by an unknown authority: {issuer}',
    fix: 'If this is a CA of your company, name its file in upstream.caFile and in each client. Else do not trust this network. Never switch verification off.',
  },
} satisfies VerdictTexts
