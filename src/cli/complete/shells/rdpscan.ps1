# Completions of rdpscan for PowerShell, Windows PowerShell 5.1 included.
# Put this into the file that $PROFILE names:  rdpscan completions powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName 'rdpscan', 'rdpscan.exe' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    # The text of a word without its quotes: nothing of it is carried out.
    $plain = {
        param($text)
        if ($text -match "^'(.*?)'?$") { $Matches[1].Replace("''", "'") }
        elseif ($text -match '^"(.*?)"?$') { $Matches[1].Replace('""', '"') -replace '`(.)', '$1' }
        else { $text -replace '`(.)', '$1' }
    }
    # A word as PowerShell takes it literally.
    $quoted = { param($text) if ($text -match "^[\w./\\:+=%~^-]*$") { $text } else { "'" + $text.Replace("'", "''") + "'" } }
    $words = New-Object System.Collections.Generic.List[string]
    $current = ''
    foreach ($element in $commandAst.CommandElements) {
        if ($element.Extent.StartOffset -ge $cursorPosition) { break }
        $text = $element.Extent.Text
        $here = $element.Extent.EndOffset -ge $cursorPosition
        if ($here) { $current = & $plain $text.Substring(0, $cursorPosition - $element.Extent.StartOffset); continue }
        # Windows PowerShell loses empty words and quotes on their way to a program; that there is a word is all that counts.
        $word = (& $plain $text).Replace('"', '_')
        if ($word -eq '') { $word = '_' }
        $words.Add($word)
    }
    $index = $words.Count
    # An empty last word is known by its number.
    if ($current -ne '') { $words.Add($current.Replace('"', '_')) }
    # The program that was typed, which need not be on the path.
    $program = & $plain $commandAst.CommandElements[0].Extent.Text
    if ($program -like '~*') { $program = $HOME + $program.Substring(1) }
    $before = $global:LASTEXITCODE
    $ErrorActionPreference = 'Continue'
    $PSNativeCommandUseErrorActionPreference = $false
    $answer = @(& $program __complete $index -- $words.ToArray() 2>$null)
    $global:LASTEXITCODE = $before
    if ($answer.Count -eq 0) { return }
    $kind = $answer[0]
    if ($kind -eq 'files' -or $kind -eq 'folders') {
        $front = ''
        if ($current -match '^(--[^=]*=|@)') { $front = $Matches[1] }
        $path = $current.Substring($front.Length)
        # PowerShell's own completion of files escapes brackets, as its commands want it and programs do not.
        $folder = ''
        if ($path -match '^(.*[/\\])') { $folder = $Matches[1] }
        $start = $path.Substring($folder.Length)
        $at = '.'
        if ($folder -ne '') { $at = $folder -replace '^~(?=[/\\])', $HOME.Replace('$', '$$') }
        foreach ($found in @(Get-ChildItem -LiteralPath $at -Force:$start.StartsWith('.') -ErrorAction SilentlyContinue)) {
            if (-not $found.Name.StartsWith($start, [System.StringComparison]::OrdinalIgnoreCase)) { continue }
            if ($kind -eq 'folders' -and -not $found.PSIsContainer) { continue }
            $result = 'ProviderItem'
            if ($found.PSIsContainer) { $result = 'ProviderContainer' }
            $text = & $quoted ($front + $folder + $found.Name)
            # In quotes a tilde is a tilde.
            if ($text.StartsWith("'") -and $folder -like '~*') { $text = & $quoted ($front + $at + $found.Name) }
            [System.Management.Automation.CompletionResult]::new($text, $found.Name, $result, $found.FullName)
        }
        return
    }
    # PowerShell replaces no more than this, which is what follows the last comma.
    $typed = & $plain $wordToComplete
    $cut = 0
    if ($current.EndsWith($typed)) { $cut = $current.Length - $typed.Length }
    foreach ($line in ($answer | Select-Object -Skip 1)) {
        $value, $says = $line.Split("`t", 2)
        if (-not $says) { $says = $value }
        $result = 'ParameterValue'
        if ($value.StartsWith('-')) { $result = 'ParameterName' }
        $text = & $quoted $value.Substring([math]::Min($cut, $value.Length))
        [System.Management.Automation.CompletionResult]::new($text, $value, $result, $says)
    }
}
