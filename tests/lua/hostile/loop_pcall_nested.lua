-- pcall within pcall, each beginning again.
-- expect: script_limit
local function again()
	while true do
		pcall(again)
	end
end
again()
