$Common += {
    # The one key file of Remote Desktop: the name is the hash of its key container, TSSecKeySet1.
    function global:Find-RdpKey {
        @(Get-ChildItem -LiteralPath $MachineKeys -Filter 'f686aace6942fb7f7ceb231212eef4a4_*' -Force -ErrorAction SilentlyContinue |
                Where-Object { $_.Name -notlike '*.old' } | ForEach-Object { $_.FullName })
    }

    # The rights that a key file lacks, as SIDs: SYSTEM and Administrators full control, NETWORK SERVICE read.
    function global:Find-LackingRight {
        param([string] $Path)
        foreach ($Need in @(@('S-1-5-18', 0x1F01FF), @('S-1-5-32-544', 0x1F01FF), @('S-1-5-20', 0x20089))) {
            try { $Right = Measure-Right -Path $Path -Sids $Need[0] }
            catch { "its rights cannot be read ($($_.Exception.Message))"; return }
            if (($Right.Allowed -band $Need[1]) -ne $Need[1]) { $Need[0] }
        }
    }

    # Owner and entries of a file or folder; empty where they cannot be read.
    function global:Read-Security {
        param([string] $Path)
        $Owner = ''
        $Access = ''
        try {
            $Security = Get-Acl -LiteralPath $Path -ErrorAction Stop
            $Owner = $Security.GetOwner([System.Security.Principal.SecurityIdentifier]).Value
            $Access = $Security.GetSecurityDescriptorSddlForm('Access')
        }
        catch { $Owner = '' }
        [pscustomobject]@{ Path = $Path; Owner = $Owner; Access = $Access }
    }
}

$Means += {
    # Adds entries. Ownership is taken only where access is denied, and given back where it is known whose it was.
    function global:Add-Right {
        param([string] $Path, [string[]] $Grants)
        $Was = Read-Security -Path $Path
        $Words = @($Path, '/grant') + $Grants
        $Ran = Invoke-Program -Program 'icacls.exe' -Words $Words
        if ($Ran.Code -eq 5) {
            $Taken = Invoke-Program -Program 'takeown.exe' -Words '/f', $Path, '/a'
            if ($Taken.Code -ne 0) { throw "takeown failed on ${Path}: $($Taken.Told)" }
            # Now they can be read; the log keeps them.
            "taken: $Path, whose entries were $((Read-Security -Path $Path).Access), owner $($Was.Owner)"
            $Ran = Invoke-Program -Program 'icacls.exe' -Words $Words
            if ($Was.Owner) {
                $Given = Invoke-Program -Program 'icacls.exe' -Words $Path, '/setowner', "*$($Was.Owner)"
                if ($Given.Code -ne 0) { "the owner of $Path is now Administrators, and was $($Was.Owner): $($Given.Told)" }
            }
        }
        if ($Ran.Code -ne 0) { throw "icacls failed on ${Path}: $($Ran.Told)" }
    }
}

$Check = {
    param($Settings)
    $Keys = @(Find-RdpKey)
    $Lacking = @(Find-FolderFault)
    $Denied = @()
    foreach ($Key in $Keys) {
        $Lacking += @(Find-LackingRight -Path $Key | ForEach-Object { "$_ on $Key" })
    }
    # Entries that deny beat all that is granted. They were put there by somebody, so they are told, not removed.
    foreach ($Path in @($MachineKeys) + $Keys) {
        try { $Denied += (Measure-Right -Path $Path -Sids 'S-1-5-18', 'S-1-5-32-544', 'S-1-5-20', 'S-1-1-0', 'S-1-5-11', 'S-1-5-32-545', 'S-1-5-6').Denied }
        catch { $Denied += @() }
    }
    $Reason = if ($Lacking.Count -gt 0) { "rights are lacking: $($Lacking -join '; ')" }
    elseif ($Denied.Count -gt 0) { 'nothing is lacking, but entries that deny stand in the way: remove them by hand' }
    elseif ($Keys.Count -eq 0) { 'there is no RDP key file, and the folder is in order: see R1' }
    else { 'the rights are in order; if TLS still fails, rename that one file as the page says' }
    $Fault = Find-ListenerFault
    # Also a certificate of an authority, whose key is another file.
    if ($Fault -and ($Lacking.Count -eq 0)) { $Reason += "; the certificate in use: $Fault" }
    if ($Denied.Count -gt 0) { $Reason += "; to be removed by hand: $($Denied -join '; ')" }
    [pscustomobject]@{
        Files  = $Keys -join '; '
        Denied = $Denied -join '; '
        InUse  = if ($Fault) { [string]$Fault } else { 'the key of the certificate in use can be read' }
        Saved  = ConvertTo-Json -Compress -Depth 5 -InputObject @{ Security = @(@($MachineKeys) + $Keys | ForEach-Object { Read-Security -Path $_ }) }
        Needed = $Lacking.Count -gt 0
        Reason = $Reason
    }
}

$Change = {
    param($Settings)
    $ErrorActionPreference = 'Stop'
    $Told = @()
    if (@(Find-FolderFault).Count -gt 0) {
        # Without (OI)(CI): on the folder itself, and on none of the keys in it.
        $Told += Add-Right -Path $MachineKeys -Grants '*S-1-5-32-544:(F)', '*S-1-1-0:(R,W)'
    }
    foreach ($Key in @(Find-RdpKey)) {
        if (@(Find-LackingRight -Path $Key).Count -gt 0) {
            $Told += Add-Right -Path $Key -Grants '*S-1-5-18:(F)', '*S-1-5-32-544:(F)', '*S-1-5-20:(R)'
        }
    }
    Restart-Service -Name SessionEnv -Force
    Restart-Service -Name TermService -Force
    "rights granted; $($Told -join '; ')"
}

$Restore = {
    param($Settings, $Saved)
    $ErrorActionPreference = 'Stop'
    foreach ($Entry in @((ConvertFrom-Json -InputObject $Saved).Security)) {
        if (-not (Test-Path -LiteralPath $Entry.Path)) { "$($Entry.Path) is no longer there"; continue }
        if (-not $Entry.Access) { "what $($Entry.Path) granted before could not be read, so it is left as it is"; continue }
        # The owner first, as long as administrators may still set it: icacls does not force that.
        $Ran = Invoke-Program -Program 'icacls.exe' -Words $Entry.Path, '/setowner', "*$($Entry.Owner)"
        if ($Ran.Code -ne 0) { throw "the owner of $($Entry.Path) could not be set: $($Ran.Told)" }
        $Item = Get-Item -LiteralPath $Entry.Path -Force
        $Security = $Item.GetAccessControl('Access')
        $Security.SetSecurityDescriptorSddlForm($Entry.Access, 'Access')
        $Item.SetAccessControl($Security)
        "$($Entry.Path): owner and entries as before"
    }
}
