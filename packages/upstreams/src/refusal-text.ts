/**
 * The subject that the message of a 401 or 403 refuses: account, key, one operation of the key, a model, the
 * region or this request. Upstreams quote the caller's prompt, so quoted parts are ignored, and of several
 * matches the first in the text counts: "Your request was blocked: my account is suspended" refuses a
 * request.
 */
export type RefusedSubject = 'account' | 'key' | 'operation' | 'model' | 'region' | 'request'

/** The subject refused by a message; undefined when it is not stated. Pure. */
export function refusedSubject(message: string): RefusedSubject | undefined {
  const text = message.slice(0, CHARS_READ_MAX).replaceAll(quoted, ' ')
  let first: { subject: RefusedSubject; at: number } | undefined
  let namesModel = false
  for (const { subject, pattern } of rows) {
    const at = text.search(pattern)
    if (at < 0) continue
    if (subject === 'model') namesModel = true
    if (first === undefined || at < first.at) first = { subject, at }
  }
  // A permission missing for one model does not apply to the operation.
  return namesModel && first?.subject === 'operation' ? 'model' : first?.subject
}

const CHARS_READ_MAX = 2_000

const quoted =
  /"[^"]{0,2000}"|“[^”]{0,2000}”|(?<!\w)'[^'\n]{8,2000}'|`[^`]{8,2000}`|「[^」]{0,2000}」/g

const closed =
  '(?:deactivat|suspend|terminat|banned|disabled|blocked|locked|closed|deleted|revoked|expired|frozen)'
const account = '(?:account|organi[sz]ation|workspace|subscription)'
const key =
  '(?:api[ _-]?keys?|access[ _-]?tokens?|(?:bearer |auth(?:entication)? )tokens?|x-api-key)'
const passive = '\\b(?:is|are|was|were|been)\\s+(?:\\w+\\s+){0,2}'

const anyOf = (...patterns: string[]) => new RegExp(patterns.join('|'), 'i')

/** Of rows that match at the same position, the first one in this list counts. */
const rows: readonly { subject: RefusedSubject; pattern: RegExp }[] = [
  {
    subject: 'account',
    pattern: anyOf(
      `\\b(?:your |this |the )?${account}\\b(?:\\s+${closed}|[^.:;,]{0,60}${passive}${closed})`,
      `\\b(?:deactivated|suspended|terminated|banned|disabled) (?:user|account|organi[sz]ation)`,
      `\\byou (?:have been|are|were) (?:\\w+ )?(?:banned|suspended)`,
      `\\buser (?:is |has been |was )?(?:banned|suspended|deactivated)`,
      '(?:账号|账户|用户|帐号)[^，。]{0,10}(?:封禁|禁用|停用|注销|冻结)',
    ),
  },
  {
    subject: 'key',
    pattern: anyOf(
      `\\b(?:incorrect|invalid|wrong|expired|revoked|unknown|malformed|disabled|deleted) (?:or \\w+ )?${key}`,
      `\\b(?:your |this |the )?${key}\\b(?:\\s+${closed}|[^.;]{0,60}(?:not valid|\\binvalid|\\bincorrect|not found|not exist|n't exist|not recogni[sz]ed|${passive}${closed}|has expired))`,
      '\\binvalid (?:authentication|authorization|credentials?)\\b|authentication fails|no auth credentials',
      '(?:令牌|密钥)[^，。]{0,10}(?:无效|过期|错误|不可用|禁用)|无效的(?:令牌|密钥)',
    ),
  },
  {
    subject: 'operation',
    pattern: anyOf(
      'missing[ _]scopes?|insufficient[ _](?:permissions?|scopes?|privileges?)|restricted (?:api )?key',
      `\\b(?:your |this |the )?(?:${key}|${account}|you) (?:do(?:es)? not|do(?:es)?n't|lacks?|has no|have no|is not|are not) (?:have |hold )?(?:the |any )?(?:required |necessary |sufficient |proper )?(?:permissions?|scopes?|access|authori[sz]ed|permitted) (?:to|for)`,
      'permissions? (?:to|for) (?:\\w+ )?(?:this|the requested|the) (?:operation|endpoint|action|resource|api)',
      '权限不足|没有权限|无权',
    ),
  },
  {
    subject: 'model',
    pattern: anyOf(
      '\\b(?:you are )?not allowed to (?:sample from|use|access) (?:the |this )?models?\\b',
      '\\bmodel\\b.{0,200}\\b(?:not exist|not found)',
      '(?:access|permitted|allowed|permissions?|authori[sz]ed|verified)\\b[^.]{0,40}\\b(?:the|this|that|to|from|use) models?\\b(?![.])',
    ),
  },
  {
    subject: 'region',
    pattern: anyOf(
      '(?:country|countries|region|territor|location)[^.]{0,60}(?:not|un)[ -]?(?:supported|available|allowed)',
      '(?:not|un)[ -]?(?:supported|available|allowed) (?:in|from) (?:your|this) (?:country|region|territor|location)',
      '\\b(?:your|this) (?:ip|ip address|country|region|location)\\b[^.]{0,40}(?:blocked|restricted|forbidden|not allowed)',
    ),
  },
  {
    subject: 'request',
    pattern: anyOf(
      '\\b(?:request|prompt|input|message|content|text|picture|image|output|response|query|conversation)s?\\b[^.]{0,80}(?:block|refus|reject|flag|filter|violat|not (?:allowed|permitted)|disallow|prohibit|forbid|denied|inappropriate|unsafe|harmful|sensitive|against)',
      'content[ _-]?(?:filter|policy|management|moderation)|safety|moderation|guardrail|polic(?:y|ies)\\b|terms of (?:use|service)|copyright',
      '\\b(?:block|flagg|reject|refus|prohibit|disallow|not allowed|not permitted|cannot help|can.t help)',
      '内容|敏感|违规|审核|安全',
    ),
  },
]
