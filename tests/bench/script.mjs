// Turns what the server logged for one request into a script for pgbench: the same statements in the same order, parameters with the types that the server
// gave them, and the ids that a request draws at random drawn there too.

/** A statement's `$n` by the texts that `put(n)` gives; strings and quoted names are left alone. */
function replace(sql, put) {
  return sql.replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\d+)/g, (all, n) => (n ? put(Number(n)) : all))
}

/**
 * units: lines of the statement log, parsed. types: name by oid. draws: [{ match(param), set }] replaces parameters by a pgbench variable.
 * Gives { script, defines }: the defines go to pgbench as -D, so that they are parameters there as well.
 */
export function pgbenchScript(units, types, draws, made) {
  const lines = draws.map((d) => `\\set ${d.name} ${d.draw}`)
  const defines = []
  let taken = false
  for (const unit of units) {
    for (const s of unit.statements) {
      const text = replace(s.sql, (n) => {
        const p = s.params[n - 1]
        const type = types.get(p.type)
        if (p.value === null) return `NULL::${type}`
        /* pgbench takes no empty variable */
        if (p.value === '') return `''::${type}`
        const draw = draws.find((d) => d.match(p))
        if (draw) return draw.cast ? `(${draw.cast.replace('?', `:${draw.name}`)})::${type}` : `:${draw.name}::${type}`
        if (taken && p.type === 20 && p.value === made) return `:taken::${type}`
        let i = defines.findIndex((d) => d.type === type && d.value === p.value)
        if (i < 0) i = defines.push({ type, value: p.value }) - 1
        return `:c${i}::${type}`
      })
      const takes = made && /^SELECT nextval\(pg_get_serial_sequence/.test(s.sql)
      lines.push(takes ? `${text.replace(/^(SELECT nextval\(.*\))$/, '$1 AS taken')} \\gset` : `${text};`)
      taken ||= takes
    }
  }
  return { script: lines.join('\n') + '\n', defines: defines.flatMap((d, i) => ['-D', `c${i}=${d.value}`]) }
}
