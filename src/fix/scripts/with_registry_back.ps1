$Means += {
    # Puts values back as they were: one that was not there is removed, and so is a key that was not there and is empty again.
    function global:Restore-RegistryValue {
        param([string] $Saved)
        $Record = ConvertFrom-Json -InputObject $Saved
        foreach ($Entry in @($Record.Values)) {
            if ($Entry.Exists) {
                $Value = $Entry.Value
                if ($Entry.Kind -eq 'Binary') {
                    $Value = [byte[]]@([regex]::Matches([string]$Value, '..') | ForEach-Object { [System.Convert]::ToByte($_.Value, 16) })
                }
                New-ItemProperty -LiteralPath $Entry.Path -Name $Entry.Name -Value $Value -PropertyType $Entry.Kind -Force | Out-Null
                "$($Entry.Name) is $($Entry.Value) again"
            }
            elseif ((Read-RegistryValue -Path $Entry.Path -Name $Entry.Name).Exists) {
                Remove-ItemProperty -LiteralPath $Entry.Path -Name $Entry.Name
                "$($Entry.Name) is gone again"
            }
        }
        foreach ($Path in @($Record.Missing)) {
            $Key = Get-Item -LiteralPath $Path -ErrorAction SilentlyContinue
            if ($Key -and ($Key.ValueCount -eq 0) -and ($Key.SubKeyCount -eq 0)) { Remove-Item -LiteralPath $Path }
        }
    }

    # A copy of a key for people, in the root of the system disk, where only administrators may write.
    function global:Export-RegistryKey {
        param([string] $Key, [string] $Label)
        $Copy = '{0}\rdpscan-{1}-{2:yyyyMMdd-HHmmss}.reg' -f $env:SystemDrive, $Label, (Get-Date)
        $Ran = Invoke-Program -Program 'reg.exe' -Words 'export', $Key, $Copy, '/y'
        if ($Ran.Code -ne 0) { throw "the settings could not be saved, so nothing was changed: $($Ran.Told)" }
        $Copy
    }
}
