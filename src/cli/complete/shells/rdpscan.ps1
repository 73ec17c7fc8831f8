# Completions of rdpscan for PowerShell, Windows PowerShell 5.1 included.
# Put this into the file that $PROFILE names:  rdpscan completions powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName 'rdpscan', 'rdpscan.exe' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = New-Object System.Collections.Generic.List[string]
    $current = ''
    foreach ($element in $commandAst.CommandElements) {
        if ($element.Extent.StartOffset -ge $cursorPosition) { break }
        # The text as it stands there: nothing of it is carried out.
        $text = $element.Extent.Text
        $here = $element.Extent.EndOffset -ge $cursorPosition
        if ($here) { $text = $text.Substring(0, $cursorPosition - $element.Extent.StartOffset) }
        $text = $text.Trim([char[]]@("'", '"'))
        if ($here) { $current = $text } else { $words.Add($text) }
    }
    $index = $words.Count
    # An empty last word would be lost on its way to a program; rdpscan knows that it is there by its number.
    if ($current -ne '') { $words.Add($current) }
    $before = $global:LASTEXITCODE
    $answer = @(& rdpscan __complete $index -- $words.ToArray() 2>$null)
    $global:LASTEXITCODE = $before
    if ($answer.Count -eq 0) { return }
    $kind = $answer[0]
    if ($kind -eq 'files' -or $kind -eq 'folders') {
        $front = ''
        if ($current -match '^(--[^=]*=|@)') { $front = $Matches[1] }
        $path = $current.Substring($front.Length)
        foreach ($found in [System.Management.Automation.CompletionCompleters]::CompleteFilename($path)) {
            if ($kind -eq 'folders' -and $found.ResultType -ne 'ProviderContainer') { continue }
            $text = $found.CompletionText
            if ($front -ne '') { $text = "'" + $front + $text.Trim([char[]]@("'", '"')).Replace("'", "''") + "'" }
            [System.Management.Automation.CompletionResult]::new($text, $found.ListItemText, $found.ResultType, $found.ToolTip)
        }
        return
    }
    # PowerShell replaces no more than this, which is what follows the last comma.
    $typed = $wordToComplete.Trim([char[]]@("'", '"'))
    $cut = 0
    if ($current.EndsWith($typed)) { $cut = $current.Length - $typed.Length }
    foreach ($line in ($answer | Select-Object -Skip 1)) {
        $value, $says = $line.Split("`t", 2)
        if (-not $says) { $says = $value }
        $text = $value.Substring([math]::Min($cut, $value.Length))
        # A comma would make two words of one.
        if ($text.Contains(',')) { $text = "'" + $text + "'" }
        $result = 'ParameterValue'
        if ($value.StartsWith('-')) { $result = 'ParameterName' }
        [System.Management.Automation.CompletionResult]::new($text, $value, $result, $says)
    }
}
