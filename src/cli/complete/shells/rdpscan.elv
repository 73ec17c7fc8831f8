# Completions of rdpscan for Elvish.
# Put this into ~/.config/elvish/rc.elv:  eval (rdpscan completions elvish | slurp)
use str
set edit:completion:arg-completer[rdpscan] = {|@words|
    var answer = [(try {
        (external rdpscan) __complete (to-string (- (count $words) 1)) -- $@words 2>&-
    } catch { nop })]
    if (> (count $answer) 0) {
        var kind = $answer[0]
        if (or (eq $kind files) (eq $kind folders)) {
            edit:complete-filename $@words
        } else {
            for line $answer[1..] {
                var value says = (str:split &max=2 "\t" $line"\t")
                set says = (str:trim-right $says "\t")
                var after = ' '
                if (eq $kind list) { set after = '' }
                var display = $value
                if (not-eq $says '') { set display = $value'  '$says }
                edit:complex-candidate $value &code-suffix=$after &display=$display
            }
        }
    }
}
