import type { VerdictTexts } from '../texts.ts'

/** Of the machine, proxies, names, connections and handshakes. */
export const wayVerdicts = {
  'net.offline': {
    title: '本机未连接任何网络',
    fix: '请接通网络（网线、Wi-Fi、VPN），然后检查：\n$ ip address\n$ ip route',
  },
  'net.443_down': {
    title: '{count} 台互不相关的主机 443 端口均不通，其他端口正常',
    fix: '附近或本地区的某个网络设备阻断了 443 端口。请稍后重试、更换网络，或联系网络管理员。在恢复之前，可先用已缓存的内容构建：\n$ posthaste serve --offline',
  },
  'captive.portal': {
    title: '当前网络需要先在网页上登录认证',
    fix: '请用浏览器打开下面的地址完成登录，再重新运行 doctor：\n{location}',
  },
  'clock.skew': {
    title: '本机时钟与 {hosts} 台主机相差 {days} 天',
    fix: '请先校准时钟，否则无法校验证书：\n$ timedatectl set-ntp true',
  },
  'proxy.invalid': {
    title: '{foundIn} 的值不是代理地址',
    fix: '请写成 http://HOST:PORT，或在设置它的地方将其删除：\n$ unset {foundIn}',
  },
  'proxy.dead': {
    title: '{places} 指定的代理 {proxy} 不可用（{reason}）',
    fix: '请启动代理，或改正 {foundIn}，或在设置它的地方将其删除：\n$ unset {foundIn}',
  },
  'proxy.scheme': {
    title: '代理 {proxy} 的协议与 {places} 中写的不符（{reason}）',
    fix: '大多数代理本身用明文 HTTP 连接，访问 https 地址时也是如此：\n$ export {foundIn}=http://{proxy}',
  },
  'proxy.auth': {
    title: '代理 {proxy} 要求用户名和密码 {schemes}',
    fix: '请把用户名和密码写进 {foundIn}，其中的特殊字符需做 URL 编码。npm、go、pip 不支持 NTLM 和 Negotiate，需借助本地转发程序（cntlm、px）：\n$ export {foundIn}=http://USER:PASSWORD@{proxy}',
  },
  'proxy.denied': {
    title: '代理 {proxy} 不放行以下主机：{hosts}（状态码 {status}）',
    fix: '请代理管理员放行 {hosts} 以及它们重定向到的主机，或使用已放行的镜像：\n$ posthaste mirrors',
  },
  'proxy.slow': {
    title: '代理 {proxy} 每次建立隧道需要 {ms} 毫秒（连接代理本身只需 {connectMs} 毫秒）',
    fix: '请反馈给代理管理员。在此之前，可用本地缓存减少建立隧道的次数：\n$ posthaste serve',
  },
  'proxy.case': {
    title: '{name} 与对应的小写变量取值不同',
    fix: 'Go 优先读取大写变量，curl 和 Python 优先读取小写变量。请设为相同的值，或只保留一个：\n$ unset {name}',
  },
  'proxy.credentials': {
    title: '{name} 中的用户名或密码未做 URL 编码：{detail}',
    fix: '@ 写成 %40，: 写成 %3A，/ 写成 %2F，# 写成 %23，? 写成 %3F，% 写成 %25。',
  },
  'proxy.no_proxy': {
    title: '{name} 中有不会生效的条目：{detail}',
    fix: '请用逗号分隔主机和网段：\n$ export {name}=127.0.0.1,localhost,::1,.corp.example,10.0.0.0/8',
  },
  'proxy.ignored': {
    title: '{detail} 不读取 {name}',
    fix: '请在其自身的配置中设置代理：Maven 用 ~/.m2/settings.xml（<proxies>），Gradle 用 gradle.properties（systemProp.https.proxyHost），Yarn 4 用 .yarnrc.yml（httpsProxy）。',
  },
  'config.broken': {
    title: '{client} 无法读取 {name}：{detail}',
    fix: '请打开该文件，改正这一行。',
  },
  'dns.server_down': {
    title: '{server} 上没有运行 DNS 服务',
    fix: '请改正 DNS 服务器列表（/etc/resolv.conf），或启动本地的 DNS 服务：\n$ systemctl restart systemd-resolved',
  },
  'dns.timeout': {
    title: 'DNS 服务器 {server} 对 {host} 的查询无响应',
    fix: '请从 /etc/resolv.conf 中删除它，或把其他服务器放在前面；否则每次解析都要多等 5 秒。也可以让 Posthaste 使用其他 DNS 服务器：\n$ posthaste doctor --upstream-resolvers 223.5.5.5',
  },
  'dns.servfail': {
    title: 'DNS 服务器 {server} 解析 {host} 失败（SERVFAIL）',
    fix: '请换用其他 DNS 服务器；如果只有启用了 DNSSEC 的域名失败，请检查本机时钟和负责校验的解析器。',
  },
  'dns.refused': {
    title: 'DNS 服务器 {server} 拒绝解析 {host}',
    fix: '该服务器不为当前网络提供服务：请改正 /etc/resolv.conf，或断开写入该设置的 VPN。',
  },
  'dns.formerr': {
    title: 'DNS 服务器 {server} 无法识别对 {host} 的查询',
    fix: '该服务器有故障，或者根本不是 DNS 服务器：请在 /etc/resolv.conf 中换用其他服务器。',
  },
  'dns.notimp': {
    title: 'DNS 服务器 {server} 不支持对 {host} 的查询',
    fix: '请在 /etc/resolv.conf 中换用其他服务器。',
  },
  'dns.no_outside': {
    title: 'DNS 服务器 {server} 对 {count} 个互不相关的域名都返回不存在：{hosts}',
    fix: '它可能只解析内网域名。请设置公司代理（HTTPS_PROXY）、使用内网镜像，或改用能解析外网的 DNS 服务器：\n$ posthaste doctor --upstream-resolvers 223.5.5.5',
  },
  'dns.hosts_file': {
    title: 'hosts 文件把 {host} 指向 {address}，而该地址不可用',
    fix: '请检查该行，删除或改正：\n$ grep -n {host} /etc/hosts',
  },
  'dns.nxdomain': {
    title: '{server} 返回：域名 {host} 不存在',
    fix: '请检查拼写。如果是内网域名，请接入对应的 VPN 或使用内网 DNS 服务器；如果是被过滤，请使用镜像：\n$ posthaste mirrors',
  },
  'dns.nodata': {
    title: '域名 {host} 存在，但没有 IP 地址',
    fix: '请检查拼写；也可能是主机已迁移，或者 DNS 服务器 {server} 过滤掉了地址记录。',
  },
  'dns.slow': {
    title: 'DNS 使本次构建多耗时 {totalMs} 毫秒（{hosts} 台主机 × {ms} 毫秒，DNS 服务器 {server}）',
    fix: '请使用更近的 DNS 服务器，或在本机启用 DNS 缓存：\n$ systemctl enable --now systemd-resolved',
  },
  'dns.bogus': {
    title: '域名 {host} 指向 {address}，这不是公网地址',
    fix: '如果是公司的镜像，请写进 upstream.allowPrivate。否则说明 DNS 服务器或 hosts 文件有误，请与其他 DNS 服务器的结果对比：\n$ getent hosts {host}',
  },
  'dns.fake_ip': {
    title: '本地代理程序返回了虚拟地址（{host} 为 {address}），却没有转发连接',
    fix: '请完整启动或彻底退出该代理程序（Clash 等），或关闭 fake-IP 模式。',
  },
  'dns.wildcard': {
    title: 'DNS 服务器 {server} 会给不存在的域名返回地址（{address}）',
    fix: '写错的域名会因此指向无关的主机。请换用其他 DNS 服务器，或关闭它的域名纠错（劫持）功能。',
  },
  'dns.injected': {
    title: '查询 {host} 时收到两个不同的应答：{first} 和 {second}',
    fix: '链路上有设备抢在 {server} 之前应答（DNS 污染）。请使用加密 DNS，或换用其他域名的镜像：\n$ posthaste mirrors',
  },
  'dns.tcp_blocked': {
    title: '{host} 的应答需要通过 TCP 传输，而 {server} 的 TCP 端口连不上',
    fix: '请放行到 {server} 的 TCP 53 端口，或换用其他 DNS 服务器。',
  },
  'dns.search_suffix': {
    title: 'DNS 搜索域影响了 {host} 的解析（{name}，{ms} 毫秒）',
    fix: '请调低 ndots，或从 /etc/resolv.conf 的 search 中删除该域；Kubernetes 中请把 dnsConfig.options 的 ndots 设为 1。',
  },
  'v6.broken_aaaa': {
    title: '到 {address} 的 IPv6 不通而 IPv4 正常，每次连接最多浪费 {ms} 毫秒',
    fix: '请修复 IPv6，或优先使用 IPv4：\n$ export NODE_OPTIONS=--dns-result-order=ipv4first',
  },
  'node.he250': {
    title: '建立连接需要 {ms} 毫秒，Node 等 {patienceMs} 毫秒就改试下一个地址，而最后一个地址（{last}）不通',
    fix: 'curl 能连上，npm、pnpm、yarn 却会失败。请调大 Node 的等待时间：\n$ export NODE_OPTIONS=--network-family-autoselection-attempt-timeout=5000',
  },
  'tcp.refused': {
    title: '{address} 的 {port} 端口没有服务接受连接',
    fix: '请检查地址和端口。如果是自己的服务，请启动它；否则可能是被防火墙拒绝：请联系网络管理员，或使用镜像。',
  },
  'tcp.filtered': {
    title: '连接 {address} 的 {port} 端口没有任何响应',
    fix: '可能是防火墙丢弃了报文，或者主机已停机。请使用公司代理（HTTPS_PROXY），或换用可以连通的镜像：\n$ posthaste mirrors',
  },
  'tcp.unreachable': {
    title: '无法到达 {address}（{outcome}）',
    fix: '请检查路由、VPN 和防火墙：\n$ ip route get {address}',
  },
  'tcp.reset_on_connect': {
    title: '连接一建立就被重置',
    fix: '可能是服务器或负载均衡过载，或者后端没有可用的服务。请稍后重试，或使用镜像。',
  },
  'tcp.lossy': {
    title: '存在丢包：{of} 次连接中有 {late} 次耗时超过 {ms} 毫秒',
    fix: '请先定位从哪一跳开始丢包，再更换网络（用网线代替 Wi-Fi）或更换镜像：\n$ posthaste trace {target}',
  },
  'mtu.blackhole': {
    title: '小包能通过，大包会丢失（MTU 问题）',
    fix: 'VPN、PPPoE 或隧道的 MTU 较小，又没有返回 ICMP 通知。请调低本机 MTU，或让内核自动探测：\n$ ip link set dev eth0 mtu 1400\n$ sysctl -w net.ipv4.tcp_mtu_probing=1',
  },
  'tls.reset': {
    title: '到 {host} 的 TLS 握手在收到任何响应之前就被重置（{of} 次中 {count} 次）{placeText}',
    fix: '请使用可以连通的镜像，或公司代理：\n$ posthaste mirrors',
  },
  'tls.closed': {
    title: '到 {host} 的 TLS 握手在收到任何响应之前就被关闭（{of} 次中 {count} 次）',
    fix: '请使用可以连通的镜像，或联系服务器管理员：\n$ posthaste mirrors',
  },
  'tls.silent': {
    title: '到 {host} 的 TLS 握手没有响应（{of} 次中 {count} 次）',
    fix: '请使用可以连通的镜像，或公司代理：\n$ posthaste mirrors',
  },
  'tls.not_tls': {
    title: '对方返回的不是 TLS 数据：{line}',
    fix: '请确认是否应写 http://，或者端口属于其他服务。如果都不是，可能是网关代为响应：请先完成网络登录认证。',
  },
  'tls.alert': {
    title: '服务器拒绝 TLS 握手：{name}（{alert}）',
    fix: '服务器不认识该域名，或者要求其他 TLS 版本或客户端证书。请检查地址，并联系其管理员。',
  },
  'tls.mitm_corporate': {
    title: '互不相关的主机 {hosts} 的证书都由"{authority}"签发（本系统信任：{trusted}）',
    fix: '公司网关在解密 TLS 流量。如果是自己公司的网关，请索取其 CA 文件，并配置到每个客户端：\n$ export SSL_CERT_FILE=/path/ca-bundle.pem   # go、uv（含所有根证书）\n$ export NODE_EXTRA_CA_CERTS=/path/corp-ca.pem   # node、npm、pnpm、yarn\n$ npm config set cafile /path/corp-ca.pem\n$ pip config --user set global.cert /path/corp-ca.pem\n$ export CARGO_HTTP_CAINFO=/path/corp-ca.pem\n$ git config --global http.sslCAInfo /path/corp-ca.pem\n$ keytool -importcert -cacerts -file /path/corp-ca.pem   # Maven、Gradle\nPosthaste 用 upstream.caFile。如果不是自己公司的网关，请不要使用该网络。切勿关闭证书校验。',
  },
  'cert.expired': {
    title: '{host} 的证书已于 {to} 过期',
    fix: '请联系 {host} 的管理员，在此期间使用其他镜像：\n$ posthaste mirrors',
  },
  'cert.not_yet_valid': {
    title: '{host} 的证书从 {from} 起才有效',
    fix: '请检查本机时钟，再联系 {host} 的管理员：\n$ date -u',
  },
  'cert.wrong_host': {
    title: '{host} 返回的证书属于 {names}',
    fix: '请检查地址。如果地址无误，说明域名指向了错误的主机，或有网关代为响应。',
  },
  'cert.self_signed': {
    title: '{host} 的证书是自签名的（{subject}）',
    fix: '如果是自己的服务器，请用自己的 CA 签发证书，并把该 CA 写进 upstream.caFile。否则说明有其他设备代为响应。',
  },
  'cert.missing_intermediate': {
    title: '服务器 {host} 没有发送中间证书（{issuer}）',
    fix: '浏览器会自动补全，包管理器不会。请联系 {host} 的管理员配置完整的证书链；缺少的证书位于 {address}',
  },
  'cert.untrusted': {
    title: '{host} 的证书由不受信任的机构签发：{issuer}',
    fix: '如果是公司的 CA，请把其文件配置到 upstream.caFile 和各客户端。否则不要信任该网络。切勿关闭证书校验。',
  },
} satisfies VerdictTexts
