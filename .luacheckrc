-- luacheck: Lua of the platform, of modules and of configurations (make lint).
std = "lua54"
max_line_length = 240
unused_args = false
exclude_files = { "tests/lua/hostile" } -- they do on purpose what nobody should

-- The words of the configuration language: global only while a configuration is loaded.
local words = {
	"module", "section", "extend", "change", "role", "allow", "on", "test", "data",
	"text", "integer", "decimal", "money", "percent", "boolean", "date", "datetime", "duration", "choice", "value", "lookup", "detail",
	"file", "email", "phone", "url", "autonumber", "formula", "rollup",
	"tab", "group", "unique", "check", "index", "stages", "stage", "move", "list", "task", "mapping", "import", "column",
	"process", "branch", "approve", "parallel", "set", "create", "call", "wait", "notify", "mail", "webhook", "script", "finish",
}

for _, place in ipairs { "configs", "modules", "lua/core", "lua/new" } do
	files[place] = { read_globals = words }
end
files["tests"] = { read_globals = words }
