import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Target } from '../measure/target.ts'
import { pinned, untilListening } from '../measure/process.ts'

const NGINX = '/usr/sbin/nginx'
const MODULES = ['ndk_http_module.so', 'ngx_http_lua_module.so']

const head = (folder: string, lua: boolean) => `
daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/error.log warn;
${lua ? MODULES.map((module) => `load_module /usr/lib/nginx/modules/${module};`).join('\n') : ''}
events { worker_connections 4096; }
http {
  ${lua ? 'lua_package_cpath "/usr/lib/x86_64-linux-gnu/lua/5.1/?.so;;";' : ''}
  access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  keepalive_requests 100000000; client_max_body_size 20m; client_body_buffer_size 64k;
`

/** The upstream's answer: a small chat completion with usage. */
export const ANSWER = JSON.stringify({
  id: 'chatcmpl-bench',
  object: 'chat.completion',
  created: 1_760_000_000,
  model: 'gpt-4o-mini',
  choices: [
    {
      index: 0,
      message: {
        role: 'assistant',
        content: 'A gateway should be a thin pane of glass. '.repeat(3),
        refusal: null,
      },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage: { prompt_tokens: 52, completion_tokens: 31, total_tokens: 83 },
  system_fingerprint: 'fp_bench',
})

const chunk = (content: string) =>
  `data: ${JSON.stringify({ id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1, model: 'gpt-4o-mini', choices: [{ index: 0, delta: { content }, finish_reason: null }] })}`

const LAST = `data: ${JSON.stringify({ id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1, model: 'gpt-4o-mini', choices: [], usage: { prompt_tokens: 52, completion_tokens: 100, total_tokens: 152 } })}`

/** The upstream: nginx answers JSON from its configuration and SSE of 100 chunks from Lua, unpaced. */
export function startUpstream(folder: string, port: number): Promise<Target> {
  const location = `
  server { listen 127.0.0.1:${port} reuseport;
    location /v1/chat/completions { default_type application/json; return 200 '${ANSWER}'; }
    location /stream/v1/chat/completions { default_type text/event-stream;
      content_by_lua_block {
        ngx.req.read_body()
        local chunk = [==[${chunk('glass '.repeat(4))}]==] .. "\\n\\n"
        for i = 1, 100 do ngx.print(chunk) ngx.flush(true) end
        ngx.print([==[${LAST}]==] .. "\\n\\ndata: [DONE]\\n\\n")
      } }
  }`
  return start({ name: 'upstream', folder, port, cpu: 0, lua: true, body: location })
}

/** nginx as a reverse proxy with keep-alive connections to the upstream. */
export function startNginxProxy(folder: string, port: number, upstream: number): Promise<Target> {
  return start({
    name: 'nginx proxy',
    folder,
    port,
    cpu: 1,
    lua: false,
    body: proxyServer(port, upstream, ''),
  })
}

export interface LuaSpec {
  folder: string
  port: number
  upstream: number
  redis: number
  apiKey: string
}

/** nginx+lua: SHA-256 of the key, look-up in 5,000 keys, one Redis script per request for the limit. */
export function startNginxLua(spec: LuaSpec): Promise<Target> {
  return startLua({ ...spec, name: 'nginx+lua', work: '' })
}

/** As `startNginxLua`, and it also reads the model, meters the answer's usage and writes a record. */
export function startNginxLuaWork(spec: LuaSpec): Promise<Target> {
  const work = `
      body_filter_by_lua_block {
        local parts = ngx.ctx.parts or {} ngx.ctx.parts = parts
        parts[#parts + 1] = ngx.arg[1]
        if ngx.arg[2] then ngx.ctx.usage = cjson.decode(table.concat(parts)).usage end
      }
      log_by_lua_block {
        local usage = ngx.ctx.usage or {}
        rows[#rows + 1] = cjson.encode({ key = ngx.ctx.key, model = ngx.ctx.model, status = ngx.status,
          input = usage.prompt_tokens, output = usage.completion_tokens, ms = ngx.now() * 1000 })
        if #rows >= 100 then
          local file = io.open("${spec.folder}/records.ndjson", "a")
          file:write(table.concat(rows, "\\n"), "\\n") file:close() rows = {}
        end
      }`
  return startLua({ ...spec, name: 'nginx+lua, same work', work })
}

function startLua(spec: LuaSpec & { name: string; work: string }): Promise<Target> {
  const init = `
  init_by_lua_block {
    ffi = require("ffi"); ffi.cdef[[ unsigned char *SHA256(const unsigned char *d, size_t n, unsigned char *md); ]]
    crypto = ffi.load("/usr/lib/x86_64-linux-gnu/libcrypto.so.3"); ${spec.work ? 'cjson = require("cjson"); rows = {};' : ''} digest = ffi.new("unsigned char[32]")
    function sha256(text) crypto.SHA256(text, #text, digest) return ffi.string(digest, 32) end
    keys = {}
    for i = 1, 5000 do keys[sha256("sk-other-" .. i)] = { id = "key" .. i, limit = 1000000 } end
    keys[sha256("${spec.apiKey}")] = { id = "bench", limit = 1000000000 }
    script = [[local used = redis.call('INCR', KEYS[1]) if used == 1 then redis.call('EXPIRE', KEYS[1], 61) end return used]]
    evalsha = nil
    function call(sock, ...)
      local args = {...} local out = { "*" .. #args .. "\\r\\n" }
      for _, arg in ipairs(args) do arg = tostring(arg) out[#out + 1] = "$" .. #arg .. "\\r\\n" .. arg .. "\\r\\n" end
      sock:send(out) local line = sock:receive() local kind = line:sub(1, 1)
      if kind == "$" then local bulk = sock:receive(tonumber(line:sub(2))) sock:receive(2) return bulk end
      if kind == "-" then return nil, line end
      return line:sub(2)
    end
  }`
  const access = `access_by_lua_block {
      local header = ngx.var.http_authorization or ""
      local key = keys[sha256(header:sub(8))]
      if not key then ngx.status = 401 ngx.print("{}") return ngx.exit(401) end
      local sock = ngx.socket.tcp() sock:settimeout(1000)
      local ok, err = sock:connect("127.0.0.1", ${spec.redis}, { pool_size = 64 })
      if not ok then return ngx.exit(503) end
      if not evalsha then evalsha = call(sock, "SCRIPT", "LOAD", script) end
      local used = tonumber(call(sock, "EVALSHA", evalsha, 1, "bench:" .. key.id .. ":" .. math.floor(ngx.time() / 60)))
      sock:setkeepalive(60000, 64)
      if not used then return ngx.exit(503) end
      if used > key.limit then return ngx.exit(429) end
      ${spec.work ? readModel : ''}
    }${spec.work}`
  const { name, folder, port, upstream } = spec
  const body = init + proxyServer(port, upstream, access)
  return start({ name, folder, port, cpu: 1, lua: true, body })
}

const readModel = `
      ngx.req.read_body()
      ngx.ctx.key = key.id ngx.ctx.model = cjson.decode(ngx.req.get_body_data()).model`

const proxyServer = (port: number, upstream: number, access: string) => `
  upstream backend { server 127.0.0.1:${upstream}; keepalive 128; }
  server { listen 127.0.0.1:${port} reuseport;
    location / { ${access}
      proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }
  }`

async function start(spec: {
  name: string
  folder: string
  port: number
  cpu: number
  lua: boolean
  body: string
}): Promise<Target> {
  mkdirSync(spec.folder, { recursive: true })
  const path = join(spec.folder, 'nginx.conf')
  writeFileSync(path, `${head(spec.folder, spec.lua)}${spec.body}\n}\n`)
  const child = spawn(...pinned(spec.cpu, NGINX, ['-c', path, '-p', spec.folder]), {
    stdio: 'inherit',
  })
  await untilListening(spec.port)
  return {
    name: spec.name,
    port: spec.port,
    pid: child.pid ?? 0,
    stop: () => void child.kill('SIGTERM'),
  }
}
