/**
 * The script and the style of `/docs`. For the documentation of the server. The script sends requests to this server only, and writes what
 * comes back as text.
 */

/** @category values */
export const script = `"use strict"
const settings = JSON.parse(document.querySelector("main").dataset.settings)
const known = { ...settings }
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
let token

const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("")

/** What an id in a path is called among those that are known. */
const idAt = (path, name) => {
  if (name !== "id") return name + "_id"
  const [, , resource] = path.split("/")
  return resource.replace(/s$/, "") + "_id"
}

const filled = (value) => {
  if (Array.isArray(value)) return value.map(filled)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, uuid.test(each) && known[name] ? known[name] : filled(each)])
  )
}

const fill = () => {
  for (const form of document.querySelectorAll("form[data-path]")) {
    for (const field of form.elements) {
      if (field.dataset.edited) continue
      const [place, name] = field.name.split(":")
      if (place === "path") field.value = known[idAt(form.dataset.path, name)] ?? field.value
      if (name === "X-Idempotency-Key" && field.value === "") field.value = newKey()
      if (place === "body") field.value = JSON.stringify(filled(JSON.parse(field.value)), undefined, 2)
    }
  }
}

const remember = (path, { id }) => {
  const [, , resource, , inner] = path.split("/")
  const name = (inner ?? "") === "" ? resource : inner
  known[name.replace(/s$/, "") + "_id"] = id
  if (name === "documents") known.legitimation_protocol_id = id
  if (name === "wallets") known.wallet = id
  fill()
}

const shownHeaders = ["location", "etag", "idempotent-replayed", "x-ignored-members", "retry-after", "x-request-id"]

const show = (output, response, text) => {
  const lines = shownHeaders.filter((name) => response.headers.has(name)).map((name) => name + ": " + response.headers.get(name))
  const body = /json/.test(response.headers.get("content-type") ?? "") ? JSON.stringify(JSON.parse(text), undefined, 2) : text
  const pre = document.createElement("pre")
  pre.textContent = [response.status + " " + response.statusText, ...lines, "", body].join("\\n")
  output.replaceChildren(pre)
  const help = /<([^>]+)>; rel="help"/.exec(response.headers.get("link") ?? "")
  if (help !== null) {
    const link = document.createElement("a")
    link.href = help[1]
    link.textContent = "What this problem means"
    output.append(link)
  }
  output.dataset.status = response.status
}

const bodyOf = (form) => {
  if (form.elements.file !== undefined) {
    const data = new FormData()
    const [file] = form.elements.file.files
    data.set("file", file ?? new File(["ASD"], "protocol.pdf", { type: "application/pdf" }))
    return { body: data, headers: {} }
  }
  if (form.elements.body === undefined) return { headers: {} }
  return { body: form.elements.body.value, headers: { "content-type": "application/json" } }
}

const send = async (form) => {
  const { method, path } = form.dataset
  const { body, headers } = bodyOf(form)
  let target = path
  const query = new URLSearchParams()
  for (const field of form.elements) {
    const [place, name] = field.name.split(":")
    if (place === "path") target = target.replace("{" + name + "}", encodeURIComponent(field.value))
    if (field.value === "") continue
    if (place === "header") headers[name] = field.value
    if (place === "query") query.set(name, field.value)
  }
  if (token !== undefined) headers.authorization = "Bearer " + token
  const url = settings.prefix + target + (query.size === 0 ? "" : "?" + query)
  const response = await fetch(url, { method, headers, body })
  const text = await response.text()
  show(form.querySelector("output"), response, text)
  if (response.status === 201) remember(path, JSON.parse(text))
}

const getToken = async (form) => {
  const body = new URLSearchParams({ grant_type: "client_credentials", ...Object.fromEntries(new FormData(form)) })
  const response = await fetch(settings.prefix + "/oauth/token", { method: "POST", body })
  const answer = await response.json()
  token = answer.access_token
  const output = form.querySelector("output")
  output.textContent = response.ok
    ? "There is a token for " + answer.scope + "."
    : answer.error + ": " + (answer.error_description ?? "")
  output.dataset.status = response.status
}

document.addEventListener("submit", (event) => {
  event.preventDefault()
  const form = event.target
  const doing = form.id === "token" ? getToken(form) : send(form)
  doing.catch((error) => {
    form.querySelector("output").textContent = "No answer: " + error.message
  })
})
document.addEventListener("input", (event) => {
  event.target.dataset.edited = "yes"
})
document.addEventListener("click", (event) => {
  if (!event.target.matches("button.key")) return
  event.target.form.elements["header:X-Idempotency-Key"].value = newKey()
})
const open = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)))
  if (target?.matches("details")) target.open = true
}
addEventListener("hashchange", open)
fill()
open()
`

/** @category values */
export const style = `:root{color-scheme:light dark}
body{font:15px/1.45 system-ui,sans-serif;max-width:56rem;margin:1.5rem auto;padding:0 1rem}
h1{margin:.2em 0}h2{font-size:1.1rem;margin:1.2em 0 .2em}p{margin:.4em 0}
code,pre,textarea,input{font-family:ui-monospace,monospace;font-size:.9em}
details.call{border:1px solid #8886;border-radius:4px;margin:.4em 0;padding:.3em .6em}
summary{cursor:pointer}summary b{display:inline-block;min-width:3.6em}
textarea{width:100%;box-sizing:border-box}
.fields{display:flex;flex-wrap:wrap;gap:.6em}label{white-space:nowrap}
input{width:22em;max-width:100%}pre{background:#8882;padding:.5em;overflow:auto;max-height:18em}
table{border-collapse:collapse}td{padding:.1em .8em .1em 0;vertical-align:top}.in1{padding-left:1.2em}.in2{padding-left:2.4em}
.refused{font-size:.85em}dt{font-weight:600;margin-top:1rem}dd{margin:0}
`
