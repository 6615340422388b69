import type { VerdictTexts } from '../texts.ts'

/** Of the machine, proxies, names, connections and handshakes. */
export const wayVerdicts = {
  'net.offline': {
    title: '本机没有连接任何网络',
    fix: '请接通网络（网线、Wi-Fi、VPN），然后检查：\n$ ip address\n$ ip route',
  },
  'net.443_down': {
    title: '到 {count} 个互不相关的主机，443 端口都不通，其他端口正常',
    fix: '您附近或本地区有设备切断了 443 端口。请稍后再试、换一个网络，或联系网络管理员。在此之前可用已缓存的内容构建：\n$ posthaste serve --offline',
  },
  'captive.portal': {
    title: '本机与互联网之间有登录页面',
    fix: '用浏览器打开下面的地址登录，然后重新运行 doctor：\n{location}',
  },
  'clock.skew': {
    title: '本机时钟与 {hosts} 个主机相比差了 {days} 天',
    fix: '先校准时钟，否则无法检查证书：\n$ timedatectl set-ntp true',
  },
  'proxy.invalid': {
    title: '代理变量里没有可用的地址：{reason}',
    fix: '写成 http://HOST:PORT，或删除它：\n$ unset HTTPS_PROXY https_proxy HTTP_PROXY http_proxy ALL_PROXY all_proxy',
  },
  'proxy.dead': {
    title: '{foundIn} 指定的代理 {proxy} 不可用（{reason}）',
    fix: '启动代理，或改正 {foundIn}，或在设置它的地方（shell 配置、CI）删除它：\n$ unset {foundIn}',
  },
  'proxy.scheme': {
    title: '代理 {proxy} 不使用 {foundIn} 所写的协议（{reason}）',
    fix: '多数代理用明文 HTTP 通信，访问 https 地址也一样：\n$ export {foundIn}=http://{proxy}',
  },
  'proxy.auth': {
    title: '代理 {proxy} 要求用户名和密码 {schemes}',
    fix: '写进 {foundIn}，保留字符要做百分号编码。NTLM 或 Negotiate 需要本地辅助程序（cntlm、px），因为 npm、go、pip 不支持：\n$ export {foundIn}=http://USER:PASSWORD@{proxy}',
  },
  'proxy.denied': {
    title: '代理 {proxy} 不放行这些主机：{hosts}（状态 {status}）',
    fix: '请代理管理员放行 {hosts} 以及它们重定向到的主机，或使用已放行的镜像：\n$ posthaste mirrors',
  },
  'proxy.slow': {
    title: '代理 {proxy} 打开每条隧道要 {ms} 毫秒（连接代理本身 {connectMs} 毫秒）',
    fix: '请告知代理管理员。在此之前，本地缓存可以省去隧道：\n$ posthaste serve',
  },
  'proxy.case': {
    title: '{name} 与它的小写同名变量取值不同',
    fix: 'Go 先读大写，curl 和 Python 先读小写。请设为相同的值，或删除其中一个：\n$ unset {name}',
  },
  'proxy.credentials': {
    title: '{name} 中的用户名或密码没有做百分号编码：{detail}',
    fix: '@ 写成 %40，: 写成 %3A，/ 写成 %2F，# 写成 %23，? 写成 %3F，% 写成 %25。',
  },
  'proxy.no_proxy': {
    title: '{name} 中有不起作用的条目：{detail}',
    fix: '用逗号分隔主机和网段：\n$ export {name}=127.0.0.1,localhost,::1,.corp.example,10.0.0.0/8',
  },
  'proxy.ignored': {
    title: '{detail} 不理会 {name}',
    fix: '请在它自己的设置里配置代理：Maven 用 ~/.m2/settings.xml（<proxies>），Gradle 用 gradle.properties（systemProp.https.proxyHost），Yarn 4 用 .yarnrc.yml（httpsProxy）。',
  },
  'dns.server_down': {
    title: '{server} 上没有域名服务器在运行',
    fix: '改正域名服务器列表（/etc/resolv.conf），或启动本地的服务：\n$ systemctl restart systemd-resolved',
  },
  'dns.timeout': {
    title: '域名服务器 {server} 不回答 {host}',
    fix: '从 /etc/resolv.conf 删除它，或把别的放在前面；每次解析都要为它等 5 秒。Posthaste 可以另问一个：\n$ posthaste doctor --upstream-resolvers 223.5.5.5',
  },
  'dns.servfail': {
    title: '域名服务器 {server} 解析 {host} 失败（SERVFAIL）',
    fix: '换一个域名服务器；如果只有签名的域名失败，请检查时钟和做验证的解析器。',
  },
  'dns.refused': {
    title: '域名服务器 {server} 拒绝回答 {host}',
    fix: '它不服务于这个网络：改正 /etc/resolv.conf，或退出设置它的 VPN。',
  },
  'dns.formerr': {
    title: '域名服务器 {server} 看不懂对 {host} 的查询',
    fix: '它坏了，或者不是域名服务器：在 /etc/resolv.conf 里换一个。',
  },
  'dns.notimp': {
    title: '域名服务器 {server} 不支持对 {host} 的查询',
    fix: '在 /etc/resolv.conf 里换一个。',
  },
  'dns.nxdomain': {
    title: '{server} 说域名 {host} 不存在',
    fix: '检查拼写。内部域名请接入其 VPN 或询问其域名服务器；若是被过滤，请用镜像：\n$ posthaste mirrors',
  },
  'dns.nodata': {
    title: '域名 {host} 存在，但没有地址',
    fix: '检查拼写；主机可能已迁移，或者域名服务器 {server} 去掉了地址。',
  },
  'dns.slow': {
    title: 'DNS 让这次构建多花 {totalMs} 毫秒（{hosts} 个主机 × {ms} 毫秒，经 {server}）',
    fix: '使用更近的域名服务器，或在本机缓存结果：\n$ systemctl enable --now systemd-resolved',
  },
  'dns.bogus': {
    title: '域名 {host} 指向 {address}，这不是公网地址',
    fix: '如果是公司的镜像，请写进 upstream.allowPrivate。否则是域名服务器或 hosts 文件有误，请与别的服务器比较：\n$ getent hosts {host}',
  },
  'dns.fake_ip': {
    title: '本地代理程序虚构了地址（{host} 为 {address}），却没有转发连接',
    fix: '完整启动或关闭该代理程序（Clash 等），或关闭它的 fake-IP 模式。',
  },
  'dns.wildcard': {
    title: '域名服务器 {server} 为不存在的域名编造地址（{address}）',
    fix: '写错的域名会因此通向陌生主机。换一个域名服务器，或关闭它的"搜索辅助"。',
  },
  'dns.injected': {
    title: '{host} 收到两个不同的回答：{first} 和 {second}',
    fix: '途中有设备抢在 {server} 之前回答。请用加密的解析器，或换名称不同的镜像：\n$ posthaste mirrors',
  },
  'dns.tcp_blocked': {
    title: '{host} 的回答需要 TCP，而 {server} 用 TCP 连不上',
    fix: '放行到 {server} 的 TCP 53 端口，或换一个域名服务器。',
  },
  'dns.search_suffix': {
    title: '解析器的搜索域妨碍了 {host}（{name}，{ms} 毫秒）',
    fix: '降低 ndots，或从 /etc/resolv.conf 的 search 中删除该域；Kubernetes 中把 dnsConfig.options 的 ndots 设为 1。',
  },
  'v6.broken_aaaa': {
    title: '到 {address} 的 IPv6 不通而 IPv4 正常，每次连接最多损失 {ms} 毫秒',
    fix: '修好 IPv6，或优先用 IPv4：\n$ export NODE_OPTIONS=--dns-result-order=ipv4first',
  },
  'node.he250': {
    title: '建立连接需要 {ms} 毫秒，Node 等 {patienceMs} 毫秒就改试下一个地址，而最后一个地址（{last}）不通',
    fix: 'curl 能通而 npm、pnpm、yarn 失败。请给它们更多时间：\n$ export NODE_OPTIONS=--network-family-autoselection-attempt-timeout=5000',
  },
  'tcp.refused': {
    title: '{address} 的 {port} 端口没有服务接受连接',
    fix: '检查地址和端口。自己的服务请启动它；否则可能是防火墙代为拒绝：请询问网络管理员，或使用镜像。',
  },
  'tcp.filtered': {
    title: '到 {address} 端口 {port} 的连接没有任何回应',
    fix: '防火墙丢弃了报文，或者主机已停机。请用公司代理（HTTPS_PROXY），或能通的镜像：\n$ posthaste mirrors',
  },
  'tcp.unreachable': {
    title: '没有到 {address} 的路由（{outcome}）',
    fix: '检查路由、VPN 和防火墙：\n$ ip route get {address}',
  },
  'tcp.reset_on_connect': {
    title: '连接一建立就被重置',
    fix: '服务器或其负载均衡过载，或后面没有服务。请稍后再试，或使用镜像。',
  },
  'tcp.lossy': {
    title: '有丢包：{of} 次连接中有 {late} 次用了 {ms} 毫秒以上',
    fix: '看看从哪里开始丢包，然后换网络（用网线代替 Wi-Fi）或换镜像：\n$ posthaste trace {target}',
  },
  'mtu.blackhole': {
    title: '小报文能通过，大报文丢失（MTU）',
    fix: 'VPN、PPPoE 或隧道的 MTU 更小却不作声。请调低本机的 MTU，或让内核自行探测：\n$ ip link set dev eth0 mtu 1400\n$ sysctl -w net.ipv4.tcp_mtu_probing=1',
  },
  'tls.reset': {
    title: '到 {host} 的 TLS 在任何回应之前就被重置（{of} 次中 {count} 次）{placeText}',
    fix: '使用能连通的镜像，或公司代理：\n$ posthaste mirrors',
  },
  'tls.closed': {
    title: '到 {host} 的 TLS 在任何回应之前就被关闭（{of} 次中 {count} 次）',
    fix: '使用能连通的镜像，或告知服务器的管理员：\n$ posthaste mirrors',
  },
  'tls.silent': {
    title: '到 {host} 的 TLS 没有回应（{of} 次中 {count} 次）',
    fix: '使用能连通的镜像，或公司代理：\n$ posthaste mirrors',
  },
  'tls.not_tls': {
    title: '对方回答的不是 TLS：{line}',
    fix: '是不是 http:// 地址，或别的服务的端口？否则是网关在代答：请先登录网络。',
  },
  'tls.alert': {
    title: '服务器拒绝 TLS 握手：{name}（{alert}）',
    fix: '它不认识这个名称，或要求别的 TLS 版本或客户端证书。检查地址，并告知其管理员。',
  },
  'tls.mitm_corporate': {
    title: '互不相关的主机 {hosts} 的证书都由"{authority}"签发（本系统信任：{trusted}）',
    fix: '公司网关在解开 TLS。若是自己的公司，请索取 CA 文件并告诉每个客户端：\n$ export SSL_CERT_FILE=/path/ca-bundle.pem   # go、uv（含所有根证书）\n$ export NODE_EXTRA_CA_CERTS=/path/corp-ca.pem   # node、npm、pnpm、yarn\n$ npm config set cafile /path/corp-ca.pem\n$ pip config --user set global.cert /path/corp-ca.pem\n$ export CARGO_HTTP_CAINFO=/path/corp-ca.pem\n$ git config --global http.sslCAInfo /path/corp-ca.pem\n$ keytool -importcert -cacerts -file /path/corp-ca.pem   # Maven、Gradle\nPosthaste 用 upstream.caFile。若不是自己的公司，请不要使用这个网络。切勿关闭证书检查。',
  },
  'cert.expired': {
    title: '{host} 的证书已于 {to} 过期',
    fix: '告知 {host} 的管理员，期间使用别的镜像：\n$ posthaste mirrors',
  },
  'cert.not_yet_valid': {
    title: '{host} 的证书从 {from} 起才有效',
    fix: '检查本机时钟，然后告知 {host} 的管理员：\n$ date -u',
  },
  'cert.wrong_host': {
    title: '{host} 出示的证书属于 {names}',
    fix: '检查地址。若地址无误，则域名指向了错误的地方，或有网关代答。',
  },
  'cert.self_signed': {
    title: '{host} 的证书是自签名的（{subject}）',
    fix: '若是自己的服务器，请用自己的 CA 签发证书，并把该 CA 写进 upstream.caFile。否则是别的设备在代答。',
  },
  'cert.missing_intermediate': {
    title: '服务器 {host} 没有发送签发者的证书（{issuer}）',
    fix: '浏览器会自行获取，包管理器不会。请告知 {host} 的管理员发送完整证书链；该证书在 {address}',
  },
  'cert.untrusted': {
    title: '{host} 的证书由未知的机构签发：{issuer}',
    fix: '若是公司的 CA，请把文件写进 upstream.caFile 和各客户端。否则不要信任这个网络。切勿关闭证书检查。',
  },
} satisfies VerdictTexts
