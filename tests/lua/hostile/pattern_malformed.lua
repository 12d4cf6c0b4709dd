-- Patterns that end in the middle.
-- expect: script_error
for _, p in ipairs { "[a", "%", "(", "%f", "%b", "[%" } do
	assert(not pcall(string.find, "abc", p), p)
end
string.find("abc", "[")
